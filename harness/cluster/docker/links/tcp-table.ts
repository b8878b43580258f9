const established = '01';

/** Before an address of version 4 in a table of version 6. */
const mapped = /^0{16}FFFF0{4}/;

/**
 * From the text of `/proc/net/tcp` and `/proc/net/tcp6`: open connections with these addresses, of
 * version 4, at the other end.
 */
export function connectionsWith(table: string, peers: readonly string[]): number {
  const wanted = new Set(peers);
  return table
    .split('\n')
    .slice(1)
    .filter((line) => {
      const [, , remote = '', state] = line.trim().split(/\s+/);
      return (
        state === established &&
        wanted.has(addressOf((remote.split(':')[0] ?? '').replace(mapped, '')))
      );
    }).length;
}

/** The kernel prints them as they lie in memory: 0B2BCA0A is 10.202.43.11. */
function addressOf(hex: string): string {
  return [...Buffer.from(hex, 'hex')].toReversed().join('.');
}
