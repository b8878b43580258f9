import type { RecordedSecond, RunRecord } from '../../harness/record/record.ts';

/** More windows than this are more than the plot has pixels to tell apart. */
const windowsMax = 600;
const columnsMax = 160;

/**
 * Joins neighbouring windows until at most `windowsMax` are left. Counts add up; lag is that at the
 * end; a quantile of joined windows is the worst of them, since it cannot be computed and must not
 * be flattered.
 */
export function foldSeries(series: readonly RecordedSecond[], most = windowsMax): RecordedSecond[] {
  const each = Math.ceil(series.length / most);
  if (each <= 1) return [...series];
  return groupsOf(series, each).map((group) => {
    const first = group[0]!;
    const last = group.at(-1)!;
    const sum = (pick: (second: RecordedSecond) => number): number =>
      group.reduce((total, second) => total + pick(second), 0);
    const worst = (pick: (second: RecordedSecond) => number | null): number | null =>
      group.reduce<number | null>((high, second) => {
        const value = pick(second);
        return value === null ? high : Math.max(high ?? value, value);
      }, null);
    return {
      atMs: first.atMs,
      widthMs: last.atMs + last.widthMs - first.atMs,
      due: sum((second) => second.due),
      offered: sum((second) => second.offered),
      acked: sum((second) => second.acked),
      failed: sum((second) => second.failed),
      unknown: sum((second) => second.unknown),
      consumed: sum((second) => second.consumed),
      lag: last.lag,
      responseP50: worst((second) => second.responseP50),
      responseP99: worst((second) => second.responseP99),
      responseMax: worst((second) => second.responseMax),
      serviceP50: worst((second) => second.serviceP50),
      serviceP99: worst((second) => second.serviceP99),
      endToEndP50: worst((second) => second.endToEndP50),
      endToEndP99: worst((second) => second.endToEndP99),
      endToEndMax: worst((second) => second.endToEndMax),
    };
  });
}

type Column = RunRecord['heatMap'][number];

/** Joins neighbouring columns until at most `columnsMax` are left; counts add up. */
export function foldHeatMap(columns: readonly Column[], most = columnsMax): Column[] {
  const each = Math.ceil(columns.length / most);
  if (each <= 1) return [...columns];
  return groupsOf(columns, each).map((group) => {
    const first = group[0]!;
    const last = group.at(-1)!;
    const counts = new Map<number, number>();
    for (const [bucket, count] of group.flatMap((column) => column.cells)) {
      counts.set(bucket, (counts.get(bucket) ?? 0) + count);
    }
    return {
      atMs: first.atMs,
      widthMs: last.atMs + last.widthMs - first.atMs,
      cells: [...counts].sort((a, b) => a[0] - b[0]),
    };
  });
}

function groupsOf<T>(items: readonly T[], each: number): T[][] {
  const groups: T[][] = [];
  for (let start = 0; start < items.length; start += each) {
    groups.push(items.slice(start, start + each));
  }
  return groups;
}
