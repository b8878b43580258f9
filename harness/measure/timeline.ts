import type { PlannedPhase } from '../scenario/plan-types.ts';

/** A stretch of the run in milliseconds since its load began. */
export interface Stretch {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly measured: boolean;
}

/** A phase as the history marks it: its name and when it began. */
export interface PhaseMark {
  readonly name: string;
  readonly atMs: number;
}

/**
 * The phases of the run: the planned ones at their planned times, so that the same messages belong
 * to them in every run, cut where the load was ended early; then what came after the load (drain,
 * final read), which is not measured. The last mark, or `endMs`, ends the last stretch.
 */
export function timelineOf(
  planned: readonly PlannedPhase[],
  marks: readonly PhaseMark[],
  endMs: number,
): Stretch[] {
  const names = new Set(planned.map(({ name }) => name));
  const after = marks.filter(({ name }) => !names.has(name));
  const loadEndMs = after[0]?.atMs ?? Infinity;
  const stretches = planned
    .filter(({ startMs }) => startMs < loadEndMs)
    .map((phase) => ({
      name: phase.name,
      startMs: phase.startMs,
      endMs: Math.min(phase.endMs, loadEndMs),
      measured: phase.measured,
    }));
  after.forEach(({ name, atMs }, index) => {
    const next = after[index + 1]?.atMs ?? Math.max(atMs, endMs);
    if (name !== 'done') stretches.push({ name, startMs: atMs, endMs: next, measured: false });
  });
  return stretches;
}
