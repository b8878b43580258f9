import { describe, expect, test } from 'vitest';
import { DrainWatch } from './drain.ts';
import type { Fleet } from './fleet.ts';

interface Given {
  readonly group?: string;
  readonly delivered: number;
  readonly positions?: Record<number, number>;
}

/** Consumers that have reported what is given; several entries of one index are lives of one. */
function fleetOf(acked: number, consumers: readonly Given[][]): Fleet {
  const workers = consumers.map((lives) => ({
    group: lives[0]?.group ?? 'group-1',
    progress: () =>
      lives.map(({ delivered, positions }) => ({
        delivered,
        ...(positions && {
          positions: Object.entries(positions).map(([partition, nextOffset]) => ({
            partition: Number(partition),
            nextOffset,
          })),
        }),
      })),
  }));
  const delivered = consumers.flat().reduce((sum, life) => sum + life.delivered, 0);
  return { consumers: workers, totals: () => ({ acked, delivered }) } as unknown as Fleet;
}

const ends = [
  { startOffset: 0, endOffset: 10 },
  { startOffset: 0, endOffset: 20 },
  { startOffset: 5, endOffset: 5 },
];

function drained(fleet: Fleet, nowNanos = 0): boolean {
  return new DrainWatch({ fleet, ends, quietNanos: 5e9, competing: false }).drained(nowNanos);
}

describe('the drain is over', () => {
  test('once the members of the group together reached the end of every partition that holds something', () => {
    expect(
      drained(
        fleetOf(30, [
          [{ delivered: 10, positions: { 0: 10 } }],
          [{ delivered: 20, positions: { 1: 20 } }],
        ]),
      ),
    ).toBe(true);
  });

  test('not while one record of one partition is missing', () => {
    expect(
      drained(
        fleetOf(30, [
          [{ delivered: 10, positions: { 0: 10 } }],
          [{ delivered: 19, positions: { 1: 19 } }],
        ]),
      ),
    ).toBe(false);
  });

  test('not while nobody has been given a partition, however much was delivered', () => {
    expect(drained(fleetOf(30, [[{ delivered: 99, positions: { 1: 20 } }]]))).toBe(false);
  });

  test('only when every group is there', () => {
    const first = { group: 'group-1', delivered: 30, positions: { 0: 10, 1: 20 } };
    const second = { group: 'group-2', delivered: 5, positions: { 0: 5 } };
    expect(drained(fleetOf(30, [[first], [second]]))).toBe(false);
    expect(drained(fleetOf(30, [[first], [{ ...second, positions: { 0: 10, 1: 20 } }]]))).toBe(
      true,
    );
  });

  test('also when the last records were given to a life that has ended', () => {
    expect(
      drained(
        fleetOf(30, [
          [
            { delivered: 30, positions: { 0: 10, 1: 20 } },
            { delivered: 0, positions: { 0: 4 } },
          ],
        ]),
      ),
    ).toBe(true);
  });

  test('not while a position is of a log that was longer, until its reader has come back', () => {
    const past = [{ delivered: 90, positions: { 0: 70, 1: 20 } }];
    expect(drained(fleetOf(30, [past]))).toBe(false);
    expect(drained(fleetOf(30, [past, [{ delivered: 9, positions: { 0: 9 } }]]))).toBe(false);
    expect(drained(fleetOf(30, [past, [{ delivered: 10, positions: { 0: 10 } }]]))).toBe(true);
  });

  test('without positions, when as much was delivered as acked and no more comes', () => {
    const watch = (fleet: Fleet) =>
      new DrainWatch({ fleet, ends: [], quietNanos: 5e9, competing: false });
    const full = watch(fleetOf(30, [[{ delivered: 30 }]]));
    expect([full.drained(1e9), full.drained(5.9e9), full.drained(6e9)]).toEqual([
      false,
      false,
      true,
    ]);
    const short = watch(fleetOf(30, [[{ delivered: 29 }]]));
    expect([short.drained(1e9), short.drained(60e9)]).toEqual([false, false]);
  });

  test('where members share single messages, only once no more comes as well', () => {
    const fleet = fleetOf(30, [[{ delivered: 30, positions: { 0: 10, 1: 20 } }]]);
    const watch = new DrainWatch({ fleet, ends, quietNanos: 5e9, competing: true });
    expect([watch.drained(1e9), watch.drained(5.9e9), watch.drained(6e9)]).toEqual([
      false,
      false,
      true,
    ]);
  });
});
