/** A fault as the promise table asks about it: what happened to which nodes. */
export interface Hit {
  readonly kind: string;
  /** Node numbers of the victims. */
  readonly nodes: readonly number[];
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * What a fault does to what a node holds.
 *
 * - `process`: its process ends or stops; the page cache survives, so the flush mode is no matter.
 * - `power`: what it had not synced is gone, at the instant at which the fault takes effect.
 * - `failed-sync`: the same, but only once a sync fails: until then the node goes on acking.
 * - `cut-off`: it holds everything, and does not hear from the others.
 * - `refusal`: it can store no more, or hardly works, so that a leader gives way to somebody else.
 * - `damage`: it is killed, and what its files held is damaged.
 * - `nothing`: slower, or by another way.
 */
export type Harm =
  'process' | 'power' | 'failed-sync' | 'cut-off' | 'refusal' | 'damage' | 'nothing';

/**
 * How much of the cluster was hit: too few nodes to keep the others from electing a leader, enough
 * for that, or all.
 */
export type Scope = 'minority' | 'majority' | 'all';

const harms: Readonly<Record<string, Harm>> = {
  kill: 'process',
  stop: 'process',
  pause: 'process',
  restart: 'process',
  'power-cut': 'power',
  'sync-error': 'failed-sync',
  cut: 'cut-off',
  disconnect: 'cut-off',
  'disk-full': 'refusal',
  'cpu-limit': 'refusal',
  'memory-limit': 'refusal',
  'bit-flip': 'damage',
  'torn-tail': 'damage',
  'missing-file': 'damage',
  bridge: 'nothing',
  delay: 'nothing',
  reset: 'nothing',
  'slow-disk': 'nothing',
};

/** A fault that nobody has thought about does no harm that could excuse a loss. */
export function harmOf({ kind, options }: Hit): Harm {
  // Nodes that lose sight of their clients alone still see each other.
  if (kind === 'cut' && options['from'] === 'clients') return 'nothing';
  return harms[kind] ?? 'nothing';
}

export function scopeOf({ nodes }: Hit, clusterNodes: number): Scope {
  if (nodes.length >= clusterNodes) return 'all';
  return clusterNodes - nodes.length > clusterNodes / 2 ? 'minority' : 'majority';
}
