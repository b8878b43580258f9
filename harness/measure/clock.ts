/**
 * The one clock of a run: CLOCK_MONOTONIC in nanoseconds, the same for every process of one kernel.
 * A double holds it exactly for 104 days of uptime.
 */
export function monotonicNanos(): number {
  return Number(process.hrtime.bigint());
}
