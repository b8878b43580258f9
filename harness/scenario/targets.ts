/** The kind of thing that a target resolves to. */
export function targetClass(target: string): 'node' | 'consumer' | 'producer' {
  return target === 'consumer' || target === 'producer' ? target : 'node';
}

/** `node-1+node-3` -> 1, 3; of a role: none. */
export function namedNodes(target: string): number[] {
  const names = /^node-\d+(\+node-\d+)*$/.test(target) ? target.split('+') : [];
  return [...new Set(names.map((name) => Number(name.slice('node-'.length))))];
}
