import { z } from 'zod';
import { monotonicNanos } from '../measure/clock.ts';
import type { Fault, FaultSite } from './fault.ts';
import { linksOf, siteNames } from './on-links.ts';
import { linkOptions, severedLinks } from './severed-links.ts';

const { from, peers } = linkOptions;
const options = z.strictObject({ from, peers });
type Options = z.output<typeof options>;

const resets = new WeakMap<FaultSite<Options>, number>();

/** What a middlebox or a firewall does that forgets its connections: RST to both sides, once. */
export const reset: Fault<Options> = {
  kind: 'reset',
  description: 'every connection between the target and the others is reset, once',
  targets: ['node', 'consumer', 'producer'],
  heals: false,
  needs: { links: 'shape' },
  options,
  async inject(site) {
    const links = linksOf(site);
    const choice = { ...site.options, direction: 'both' } as const;
    const severed = severedLinks(siteNames(site), links.sites, choice);
    const { atNanos, connections } = await links.reset(severed);
    resets.set(site, connections);
    return atNanos;
  },
  heal: () => Promise.resolve(monotonicNanos()),
  probe(site) {
    const connections = resets.get(site) ?? 0;
    return Promise.resolve({
      result: connections > 0 ? 'confirmed' : 'inconclusive',
      evidence: `${connections} connections were reset on both sides`,
    });
  },
};
