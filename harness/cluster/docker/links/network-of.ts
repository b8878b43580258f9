import type { Link, Site } from '../../links.ts';
import type { NetworkKind } from '../networks.ts';

/** On which network of the run a link lies: nodes talk to each other on one of their own. */
export function networkOf(sites: readonly Site[], { from, to }: Link): NetworkKind {
  const ends = sites.filter(({ name }) => name === from || name === to);
  return ends.every(({ kind }) => kind === 'node') ? 'cluster' : 'client';
}
