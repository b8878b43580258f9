import { beforeEach, expect, test } from 'vitest';
import type { Site } from '../../links.ts';
import type { RunNetworks } from '../networks.ts';
import { FilteredLinks } from './filtered-links.ts';
import type { GateClient } from './gate-client.ts';

const sites: readonly Site[] = ['a', 'b', 'c'].map((name) => ({ name, kind: 'node' }));
/** By site: from where nothing comes in. */
let dropped: Map<string, readonly string[]>;
let refuses: boolean;
let links: FilteredLinks;

/** The gate of a site that keeps what it is told, or does not. */
function gateOf(site: string): GateClient {
  const ask = async (): Promise<object> => ({ bytes: 0 });
  const drop = async (sources: readonly string[]): Promise<number> => {
    if (refuses) throw new Error('iptables-restore: resource temporarily unavailable');
    dropped.set(site, sources);
    return 1;
  };
  return { ask, drop } as unknown as GateClient;
}

beforeEach(() => {
  dropped = new Map();
  refuses = false;
  const addressOf = (site: string, kind: string): string => `${site} on ${kind}`;
  links = new FilteredLinks({
    sites,
    networks: { addressOf } as RunNetworks,
    gates: new Map(sites.map(({ name }) => [name, gateOf(name)])),
  });
});

const cut = (id: string, from: string) =>
  ({ id, kind: 'cut', links: [{ from, to: 'c' }] }) as const;
const from = (...names: string[]): string[] =>
  names.flatMap((name) => [`${name} on cluster`, `${name} on client`]);

test('a cut that could not be lifted is still known, and can be lifted again', async () => {
  await links.apply(cut('one', 'a'));
  refuses = true;
  await expect(links.lift('one')).rejects.toThrow('temporarily unavailable');
  expect(links.rules).toMatchObject([{ id: 'one' }]);
  refuses = false;
  await links.lift('one');
  expect(links.rules).toEqual([]);
  expect(dropped.get('c')).toEqual([]);
});

test('of two cuts that are lifted at once neither brings the other back', async () => {
  await links.apply(cut('one', 'a'));
  await links.apply(cut('two', 'b'));
  expect(dropped.get('c')).toEqual(from('a', 'b'));
  await Promise.all([links.lift('one'), links.lift('two')]);
  expect(links.rules).toEqual([]);
  expect(dropped.get('c')).toEqual([]);
});
