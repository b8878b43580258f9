import { assert } from '../assert.ts';

/** Member id -> its partitions, ascending. */
export type Assignment = ReadonlyMap<string, readonly number[]>;

/**
 * Spreads partitions over members: as evenly as it goes (counts differ by at most one), and moving
 * as few as that allows. Pure: the result depends on nothing but the arguments, and not on the
 * order of `members`.
 *
 * Each member keeps what it had up to its quota; those that had most get the larger quotas, so
 * that an odd partition does not wander. What is left over goes to whoever is short.
 */
export function assignPartitions(
  members: readonly string[],
  partitions: number,
  previous: Assignment = new Map(),
): Map<string, number[]> {
  assert(new Set(members).size === members.length, 'a member is listed twice');
  const result = new Map<string, number[]>();
  if (members.length === 0) return result;
  const had = new Map<string, number[]>();
  const taken = new Set<number>();
  const sorted = [...members].sort();
  for (const member of sorted) {
    const kept = (previous.get(member) ?? []).filter((p) => p < partitions && !taken.has(p));
    for (const partition of kept) taken.add(partition);
    had.set(
      member,
      kept.sort((left, right) => left - right),
    );
  }
  const byHolding = [...sorted].sort((left, right) => {
    return had.get(right)!.length - had.get(left)!.length || (left < right ? -1 : 1);
  });
  const quota = Math.floor(partitions / members.length);
  const larger = partitions % members.length;
  const free = new Set(Array.from({ length: partitions }, (_, partition) => partition));
  byHolding.forEach((member, at) => {
    const kept = had.get(member)!.slice(0, at < larger ? quota + 1 : quota);
    for (const partition of kept) free.delete(partition);
    result.set(member, kept);
  });
  const unassigned = [...free];
  byHolding.forEach((member, at) => {
    const owned = result.get(member)!;
    const short = (at < larger ? quota + 1 : quota) - owned.length;
    owned.push(...unassigned.splice(0, short));
    owned.sort((left, right) => left - right);
  });
  assert(unassigned.length === 0, 'a partition was left without a member');
  return new Map(sorted.map((member) => [member, result.get(member)!]));
}
