import type { RecordedFault } from '../../harness/record/record.ts';

/** What came of one fault that was asked for time after time in one run. */
export interface Rounds {
  /** Asked for. */
  readonly rounds: number;
  /** Both its injection and its healing were confirmed, under load. */
  readonly confirmed: number;
  /** From the request to the effect. */
  readonly effectMsMax: number | null;
  /** What was not confirmed, or too late, or not under load, in words. */
  readonly doubts: readonly string[];
}

export function roundsOf(
  all: readonly RecordedFault[],
  options: {
    /** Of the rounds' faults in the plan. */
    readonly ids: readonly number[];
    /** From the request to the effect, where that is promised. */
    readonly effectMsMax: number;
  },
): Rounds {
  const { ids, effectMsMax: limitMs } = options;
  const found = ids.map((id) => all.find((fault) => fault.id === id));
  const doubts = found.flatMap((fault, index) =>
    (fault === undefined ? ['it did not come about'] : doubtsOf(fault, limitMs)).map(
      (doubt) => `round ${index + 1}: ${doubt}`,
    ),
  );
  const sure = found.filter((fault) => fault !== undefined && unconfirmed(fault).length === 0);
  const effects = found.flatMap((fault) => (fault && effectMsOf(fault)) ?? []);
  return {
    rounds: ids.length,
    confirmed: sure.length,
    effectMsMax: effects.length === 0 ? null : Math.max(...effects),
    doubts,
  };
}

function doubtsOf(fault: RecordedFault, limitMs: number): string[] {
  const effectMs = effectMsOf(fault);
  const late = effectMs !== undefined && effectMs >= limitMs;
  return [
    ...unconfirmed(fault),
    ...(late ? [`it took effect after ${Math.round(effectMs)} ms, not within ${limitMs}`] : []),
  ];
}

/** A fault that strikes while nothing is acked shows little. */
function unconfirmed({ proof, exposedMessages }: RecordedFault): string[] {
  return [
    ...(proof.injected === 'confirmed' ? [] : [proof.injectedEvidence]),
    ...(proof.healed === 'confirmed' ? [] : [proof.healedEvidence]),
    ...(exposedMessages > 0 ? [] : ['nothing was acked in the second before it']),
  ];
}

function effectMsOf({ effectiveAtMs, requestedAtMs }: RecordedFault): number | undefined {
  return effectiveAtMs === null ? undefined : effectiveAtMs - requestedAtMs;
}
