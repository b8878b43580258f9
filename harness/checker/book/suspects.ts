import { promiseOf } from '../promise/promise.ts';
import type { LossPromise } from '../promise/row.ts';
import { effectSpan, healSpan } from './effect-span.ts';
import type { Circumstances } from './circumstances.ts';
import type { MeasuredExposure } from './exposure.ts';
import { nodesOf } from './fault-timeline.ts';
import type { FaultTimeline, Injection } from './fault-timeline.ts';

/** A fault on nodes that took effect: one that may have cost messages. */
export interface Suspect {
  readonly injection: Injection;
  readonly effectiveAt: number;
  /** A message that was sent later is none of its business; history time. */
  readonly until: number;
  readonly promise: LossPromise;
  readonly exposure: MeasuredExposure | undefined;
  /** What was acked earlier must have been flushed; history time, -Infinity where nothing says so. */
  readonly flushedBefore: number;
}

/** In the order in which they took effect. */
export function suspectsOf(timeline: FaultTimeline, circumstances: Circumstances): Suspect[] {
  const { plan, exposures } = circumstances;
  return timeline.nodeFaults().map((injection) => {
    const { kind, options, effectiveAt, healedAt } = injection;
    const promise = promiseOf(plan, { kind, nodes: nodesOf(injection), options });
    const exposure = exposures.get(injection.fault);
    const lasts = promise.loss !== 'none' && promise.lasts;
    return {
      injection,
      effectiveAt,
      until: lasts ? (healedAt ?? Infinity) : effectiveAt,
      promise,
      exposure,
      flushedBefore: flushedBefore(
        promise,
        exposure ?? effectiveAt,
        plan.scenario.topic.flushInterval,
      ),
    };
  });
}

/**
 * The same suspects, each time moved against the broker as far as the clocks leave open (`certain`:
 * what they excuse then is excused), or for it (`possible`: what they do not excuse then is not).
 */
export function movedSuspects(
  suspects: readonly Suspect[],
  boundNanos: number,
  way: 'certain' | 'possible',
): Suspect[] {
  const against = way === 'certain';
  const by = against ? boundNanos : -boundNanos;
  return suspects.map((suspect) => {
    const { injection, effectiveAt, until, promise, exposure, flushedBefore } = suspect;
    const effect = effectSpan({ ...injection, effectiveAt }, boundNanos);
    const lasts = promise.loss !== 'none' && promise.lasts;
    const last = lasts ? healSpan(injection, boundNanos) : effect;
    const movedEffect = against ? effect.latest : effect.earliest;
    return {
      ...suspect,
      effectiveAt: movedEffect,
      until: until === Infinity ? until : against ? last.earliest : last.latest,
      flushedBefore: flushedBefore + (exposure === undefined ? movedEffect - effectiveAt : by),
      exposure: exposure && { ...exposure, measuredAtNanos: exposure.measuredAtNanos + by },
    };
  });
}

/**
 * Counted from the measurement and not from the fault's effect: between the two a sync that was
 * under way may have taken longer than any before it, which nobody can know. Where nothing was
 * measured, from the effect, at which the first argument then is.
 */
function flushedBefore(
  promise: LossPromise,
  from: MeasuredExposure | number,
  flushIntervalMs: number,
): number {
  if (promise.loss === 'none' || !promise.withinFlushInterval) return -Infinity;
  if (typeof from !== 'number')
    return from.measuredAtNanos - (flushIntervalMs + from.syncMsMax) * 1e6;
  const { syncMsMax = Infinity } = promise;
  return from - (flushIntervalMs + syncMsMax) * 1e6;
}
