import type { Fleet } from './fleet.ts';
import type { Worker } from './worker.ts';

/** Where a final read found the log to end, index = partition. */
export interface LogEnds {
  readonly startOffset: number;
  readonly endOffset: number;
}

/**
 * Decides whether every group has been given all of the log. Where consumers report positions this
 * is exact: a position beyond the end is of a log that has been cut since, and its reader still has
 * to come back. Where members compete for single messages a position is the furthest of them, some
 * before it may still be given to another member, and it has to be quiet as well. Elsewhere it is a
 * guess: a group got as many messages as were acked, and no more came for `quietNanos`; the judge has
 * the last word from the history.
 */
export class DrainWatch {
  readonly #fleet: Fleet;
  readonly #ends: readonly LogEnds[];
  readonly #quietNanos: number;
  readonly #competing: boolean;
  #delivered = -1;
  #since = 0;

  constructor(options: {
    fleet: Fleet;
    ends: readonly LogEnds[];
    quietNanos: number;
    /** Members of a group share single messages. */
    competing: boolean;
  }) {
    this.#fleet = options.fleet;
    this.#ends = options.ends;
    this.#quietNanos = options.quietNanos;
    this.#competing = options.competing;
  }

  drained(nowNanos: number): boolean {
    const { consumers } = this.#fleet;
    const groups = new Set(consumers.map(({ group }) => group));
    const { acked, delivered } = this.#fleet.totals();
    if (delivered !== this.#delivered) {
      this.#delivered = delivered;
      this.#since = nowNanos;
    }
    const quiet = nowNanos - this.#since >= this.#quietNanos;
    return [...groups].every((group) => {
      const members = consumers.filter((worker) => worker.group === group);
      const reached = reachedBy(members);
      if (reached.size > 0 && this.#ends.length > 0) {
        if (this.#competing && !quiet) return false;
        return this.#ends.every(({ startOffset, endOffset }, partition) => {
          if (endOffset <= startOffset) return true;
          const positions = reached.get(partition) ?? [];
          return this.#competing
            ? positions.some((position) => position >= endOffset)
            : positions.includes(endOffset);
        });
      }
      const given = members
        .flatMap((worker) => worker.progress())
        .reduce((sum, { delivered: one }) => sum + one, 0);
      return quiet && given >= acked;
    });
  }
}

/** Per partition, how far each life of each member has come. */
function reachedBy(members: readonly Worker[]): Map<number, number[]> {
  const reached = new Map<number, number[]>();
  for (const { positions } of members.flatMap((worker) => worker.progress())) {
    for (const { partition, nextOffset } of positions ?? []) {
      reached.set(partition, [...(reached.get(partition) ?? []), nextOffset]);
    }
  }
  return reached;
}
