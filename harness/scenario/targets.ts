/** What a fault can be aimed at, beside nodes by number, in the order of `ackworth list`. */
export const targets: readonly { readonly name: string; readonly description: string }[] = [
  { name: 'leader', description: 'the node that leads the most partitions' },
  { name: 'follower', description: 'another node, of those that lead the fewest partitions' },
  {
    name: 'coordinator',
    description: 'the node that leads what the cluster decides as a whole; on NATS the meta leader',
  },
  {
    name: 'group-leader',
    description:
      'the node that leads the most durable consumers of the groups on NATS; with the reference ' +
      'broker the coordinator, which leads them all',
  },
  { name: 'any-node', description: 'a node, drawn from the seed' },
  { name: 'each-node', description: 'every node, one after the other' },
  { name: 'all-nodes', description: 'all nodes at once' },
  { name: 'consumer', description: 'a consumer that runs, drawn from the seed' },
  { name: 'producer', description: 'a producer that runs, drawn from the seed' },
];

/** The kind of thing that a target resolves to. */
export function targetClass(target: string): 'node' | 'consumer' | 'producer' {
  return target === 'consumer' || target === 'producer' ? target : 'node';
}

/** `node-1+node-3` -> 1, 3; of a role: none. */
export function namedNodes(target: string): number[] {
  const names = /^node-\d+(\+node-\d+)*$/.test(target) ? target.split('+') : [];
  return [...new Set(names.map((name) => Number(name.slice('node-'.length))))];
}
