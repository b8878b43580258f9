import { endOf, rises } from './told.ts';
import type { Copy, Told } from './told.ts';

export interface Difference {
  readonly left: string | undefined;
  readonly right: string | undefined;
}

/** Where a node's copy differs from another, as names; `?` = no message of this run. */
export function differences(
  told: Told,
  which: { readonly left: number; readonly right: number; readonly partition: number },
  from = 0,
): Difference[] {
  const left = told.copy(which.left, which.partition);
  const right = told.copy(which.right, which.partition);
  if (left === undefined || right === undefined || !rises(left.records) || !rises(right.records))
    return [];
  const low = Math.max(
    from,
    right.end?.complete ? startOf(left) : Math.max(startOf(left), startOf(right)),
  );
  const ends = which.left === 0 && left.end?.complete ? [right] : [left, right];
  const high = Math.min(...ends.map((copy) => endOf(copy)));
  const nameAt = (copy: Copy, offset: number) => {
    const record = copy.records.find((one) => one.offset === offset);
    return record === undefined ? undefined : (told.nameOf(record) ?? '?');
  };
  const offsets = new Set(
    [...left.records, ...right.records]
      .map(({ offset }) => offset)
      .filter((offset) => offset >= low && offset < high),
  );
  return [...offsets]
    .map((offset) => ({ left: nameAt(left, offset), right: nameAt(right, offset) }))
    .filter((pair) => pair.left !== pair.right);
}

function startOf({ records, end }: Copy): number {
  return end?.complete ? end.startOffset : (records[0]?.offset ?? 0);
}
