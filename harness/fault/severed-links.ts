import { z } from 'zod';
import type { Link, Site } from '../cluster/links.ts';
import { HarnessError } from '../errors.ts';

/** What a scenario may say about which links of the victims a fault acts on. */
export const linkOptions = {
  /** Which way, as the victims see it. */
  direction: z.enum(['both', 'in', 'out']).default('both'),
  /** Whom the victims are cut off from; among themselves they never are. */
  from: z.enum(['others', 'nodes', 'clients']).default('others'),
  /** These nodes alone: a partial partition. */
  peers: z
    .array(z.string().regex(/^node-\d+$/, 'must be a node such as node-3'))
    .min(1)
    .optional(),
};

export interface LinkChoice {
  readonly direction: 'both' | 'in' | 'out';
  readonly from: 'others' | 'nodes' | 'clients';
  readonly peers?: readonly string[] | undefined;
}

/** The links between the victims and whom they are cut off from. */
export function severedLinks(
  victims: readonly string[],
  sites: readonly Site[],
  { direction, from, peers }: LinkChoice,
): Link[] {
  const unknown = peers?.find((peer) => !sites.some(({ name }) => name === peer));
  if (unknown !== undefined) throw new HarnessError('cluster', `there is no ${unknown}`);
  const others = sites.filter(({ name, kind, besideNode }) => {
    if (victims.includes(name) || (besideNode !== undefined && victims.includes(besideNode)))
      return false;
    if (peers) return peers.includes(name);
    return from === 'others' || (from === 'nodes') === (kind === 'node');
  });
  const names = others.map(({ name }) => name);
  const found = [
    ...(direction === 'in' ? [] : linksFrom(victims, names, sites)),
    ...(direction === 'out' ? [] : linksFrom(names, victims, sites)),
  ];
  if (found.length > 0) return found;
  throw new HarnessError('cluster', `${victims.join(', ')}: there is nobody to be cut off from`);
}

/** The links between two halves of the other nodes, which the victims alone join. */
export function linksAround(victims: readonly string[], sites: readonly Site[]): Link[] {
  const rest = sites.flatMap(({ name, kind }) =>
    kind === 'node' && !victims.includes(name) ? [name] : [],
  );
  if (rest.length < 2) {
    throw new HarnessError('cluster', 'a bridge needs at least two nodes that it can join');
  }
  const half = Math.floor(rest.length / 2);
  const [first, second] = [rest.slice(0, half), rest.slice(half)];
  return [...linksFrom(first, second, sites), ...linksFrom(second, first, sites)];
}

/** From all of one side to all of the other; a client that sits beside a node is on its side. */
function linksFrom(from: readonly string[], to: readonly string[], sites: readonly Site[]): Link[] {
  const sources = withClients(from, sites);
  const sinks = withClients(to, sites);
  return sources.flatMap((source) =>
    sinks.flatMap((sink) =>
      // Clients do not talk to each other.
      source.kind === 'client' && sink.kind === 'client'
        ? []
        : [{ from: source.name, to: sink.name }],
    ),
  );
}

function withClients(names: readonly string[], sites: readonly Site[]): Site[] {
  return sites.filter(
    ({ name, besideNode }) =>
      names.includes(name) || (besideNode !== undefined && names.includes(besideNode)),
  );
}
