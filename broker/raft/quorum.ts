/** Voters that make a majority. */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/**
 * The highest value that a majority has reached: with one value per voter, the `majority`-th
 * largest. `values` is scratch space of the caller and comes back sorted, largest first.
 */
export function majorityValue(values: number[]): number {
  for (let at = 1; at < values.length; at++) {
    const value = values[at]!;
    let to = at;
    for (; to > 0 && values[to - 1]! < value; to--) values[to] = values[to - 1]!;
    values[to] = value;
  }
  return values[majorityOf(values.length) - 1]!;
}
