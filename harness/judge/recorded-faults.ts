import type { Book } from '../checker/book/book.ts';
import { unsafeOf } from '../checker/book/exposure.ts';
import { suspectsOf } from '../checker/book/suspects.ts';
import { windowOf, windowOfRun } from '../checker/loss-window.ts';
import type { RecordedFault } from '../record/record.ts';
import type { Judgement } from './judgement.ts';

/** The faults as the record tells them. */
export function recordedFaults(book: Book): RecordedFault[] {
  const { timeline, circumstances } = book;
  const suspects = suspectsOf(timeline, circumstances);
  const at = (time: number | null): number | null => (time === null ? null : timeline.atMs(time));
  return timeline.injections.map((injection) => {
    const suspect = suspects.find((one) => one.injection === injection);
    const exposure = suspect?.exposure;
    const window = windowOf(book, injection);
    const recovery = book.recoveries.get(injection);
    const { rtoMs = null, boundMs = 0 } = recovery ?? {};
    const effectiveAtMs = at(injection.effectiveAt);
    return {
      id: injection.fault,
      kind: injection.kind,
      target: injection.target,
      victims: [...injection.victims],
      phase: injection.phase,
      requestedAtMs: timeline.atMs(injection.requestedAt),
      effectiveAtMs,
      healRequestedAtMs: at(injection.healRequestedAt),
      healedAtMs: at(injection.healedAt),
      recoveredAtMs: rtoMs === null || effectiveAtMs === null ? null : effectiveAtMs + rtoMs,
      proof: {
        injected: injection.injected,
        injectedEvidence: injection.failure || injection.injectedEvidence,
        healed: injection.healed,
        healedEvidence: injection.healedEvidence,
      },
      rtoMs,
      ...(rtoMs !== null && boundMs > 0 && { rtoBoundMs: boundMs }),
      recoveryNote:
        recovery?.note ?? (effectiveAtMs === null ? 'the fault never took effect' : 'not judged'),
      exposedMessages: book.exposed.get(injection) ?? 0,
      lossWindowMessages: window.messages,
      lossWindowMs: window.ms,
      promise: suspect?.promise.loss ?? 'none',
      exposure: exposure === undefined ? null : unsafeOf(exposure),
    };
  });
}

/** Over all faults: the longest recovery (null unless all are known), and what was lost. */
export function recoveryOf(book: Book, faults: readonly RecordedFault[]): Judgement['recovery'] {
  const times = faults.map(({ rtoMs }) => rtoMs).filter((rtoMs) => rtoMs !== null);
  const window = windowOfRun(book);
  return {
    rtoMs: times.length > 0 && times.length === faults.length ? Math.max(...times) : null,
    lossWindowMessages: window.messages,
    lossWindowMs: window.ms,
  };
}
