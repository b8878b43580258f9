const established = '01';

/** From the text of `/proc/net/tcp`: open connections with these addresses at the other end. */
export function connectionsWith(table: string, peers: readonly string[]): number {
  const wanted = new Set(peers);
  return table
    .split('\n')
    .slice(1)
    .filter((line) => {
      const [, , remote = '', state] = line.trim().split(/\s+/);
      return state === established && wanted.has(addressOf(remote.split(':')[0] ?? ''));
    }).length;
}

/** The kernel prints them as they lie in memory: 0B2BCA0A is 10.202.43.11. */
function addressOf(hex: string): string {
  return [...Buffer.from(hex, 'hex')].toReversed().join('.');
}
