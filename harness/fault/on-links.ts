import type { Link, LinkRule, Links } from '../cluster/links.ts';
import { HarnessError } from '../errors.ts';
import type { Fault, FaultSite } from './fault.ts';
import { proveCut, proveDelay, proveOpen } from './observe-links.ts';

/** What a fault does to links for as long as it lasts. */
export type Harm =
  | { readonly kind: 'cut' }
  | { readonly kind: 'delay'; readonly delayMs: number; readonly jitterMs: number };

export interface LinkFault<Options> {
  readonly kind: string;
  readonly description: string;
  readonly targets: Fault['targets'];
  readonly options: Fault<Options>['options'];
  /** More than cuts: it needs links that can be shaped. */
  readonly shapes?: true;
  /** By the names of the victims' sites. */
  links(victims: readonly string[], site: FaultSite<Options>, links: Links): Link[];
  harm(options: Options): Harm;
}

let rulesMade = 0;

/** A fault that is one rule of the network, from its injection to its healing. */
export function onLinks<Options>(fault: LinkFault<Options>): Fault<Options> {
  // A site is the same object from the injection to the probe of the healing.
  const rules = new WeakMap<FaultSite<Options>, LinkRule>();
  return {
    kind: fault.kind,
    description: fault.description,
    targets: fault.targets,
    heals: true,
    needs: { links: fault.shapes ? 'shape' : 'cut' },
    options: fault.options,
    async inject(site) {
      const links = linksOf(site);
      const id = `${fault.kind} ${++rulesMade}`;
      const among = fault.links(siteNames(site), site, links);
      const rule: LinkRule = { id, links: among, ...fault.harm(site.options) };
      rules.set(site, rule);
      return links.apply(rule);
    },
    heal(site) {
      return linksOf(site).lift(rules.get(site)?.id ?? '');
    },
    async probe(site, expected) {
      const links = linksOf(site);
      const rule = rules.get(site);
      if (!rule) return { result: 'inconclusive', evidence: 'no rule came into force' };
      if (expected === 'healed') return proveOpen(links, rule);
      return rule.kind === 'cut' ? proveCut(links, rule) : proveDelay(links, rule);
    },
  };
}

/**
 * Ends the victims, and with them what they had still to send: a delay holds bytes in the sender's
 * own queue, as a container's interface does, and nobody is left to empty it; without a delay there is
 * no queue. Once as it begins,
 * since on a busy machine a process is seen to end long after it did its last work; and once it is
 * over, for what was sent meanwhile.
 */
export async function endWithQueues<T>(
  site: Pick<FaultSite, 'victims' | 'links'>,
  end: () => Promise<T>,
): Promise<T> {
  const [ended] = await Promise.all([end(), dropQueues(site)]);
  await dropQueues(site);
  return ended;
}

async function dropQueues({ victims, links }: Pick<FaultSite, 'victims' | 'links'>): Promise<void> {
  if (!links?.rules.some(({ kind }) => kind === 'delay')) return;
  const dead = siteNames({ victims });
  const pairs = dead.flatMap((from) =>
    links.sites.flatMap(({ name: to }) => (to === from ? [] : [{ from, to }])),
  );
  await links.reset(pairs);
}

/** What the network calls the victims. */
export function siteNames({ victims }: Pick<FaultSite, 'victims'>): string[] {
  return victims.map(({ target, number }) => `${target}-${number}`);
}

export function linksOf({ links }: Pick<FaultSite, 'links'>): Links {
  if (links) return links;
  throw new HarnessError('cluster', 'the links of this run do not go through proxies');
}
