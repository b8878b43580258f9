import type { Book } from './book/book.ts';
import { lacksFinalRead } from './book/circumstances.ts';
import { unsafeOf } from './book/exposure.ts';
import { effectSpan, type Span } from './book/effect-span.ts';
import { describeInjection, hasEffect } from './book/fault-timeline.ts';
import type { Injection } from './book/fault-timeline.ts';
import type { LossWindow } from './book/loss-ledger.ts';
import { suspectsOf } from './book/suspects.ts';
import type { Suspect } from './book/suspects.ts';
import { count, counted } from '../record/count.ts';
import { Tally } from './tally.ts';
import type { Checker } from './watch.ts';

const exposedNanos = 1e9;

/**
 * **Model.** A fault can only take what was there when it hit. Messages that were sent and acked in
 * the second before it are its *exposed* messages; in a mode that may lose, what was acked and not
 * yet safe, as measured at the injection, is its *exposure*.
 *
 * **Guarantee.** In a mode that may lose, a fault that exposed nothing proves nothing: it makes the
 * run inconclusive, unless something was lost, which proves that there was exposure. A fault that
 * luck let pass is still a pass.
 *
 * **Counted.** Per fault: messages lost, and how many milliseconds before it the first was acked.
 */
export const lossWindow: Checker = {
  name: 'loss-window',
  description: 'how much was at risk when a fault hit, and how much of it was lost',
  notApplicable: (circumstances) =>
    lacksFinalRead(circumstances) ??
    (circumstances.plan.faults.length === 0 ? 'the scenario has no faults' : undefined),
  watch(book) {
    let hits: readonly (Span & { readonly injection: Injection })[] | undefined;
    /** The first fault that is not behind the present place in the file. */
    let next = 0;
    return {
      header() {
        next = 0;
        if (hits !== undefined) return;
        const injections = book.oneClock ? book.timeline.injections.filter(hasEffect) : [];
        hits = injections
          .map((injection) => ({ injection, ...effectSpan(injection, book.clockBoundNanos) }))
          .toSorted((a, b) => a.earliest - b.earliest);
        for (const injection of injections) book.exposed.set(injection, 0);
      },
      complete({ outcome, time }, _id, invokedAt) {
        while (next < hits!.length && hits![next]!.earliest < time) next++;
        if (outcome !== 'ok') return;
        for (let index = next; index < hits!.length; index++) {
          const { injection, earliest, latest } = hits![index]!;
          if (time < earliest - exposedNanos) return;
          // For certain both before the fault and within its second.
          if (invokedAt >= latest - exposedNanos)
            book.exposed.set(injection, book.exposed.get(injection)! + 1);
        }
      },
      finish() {
        const doubts = suspectsOf(book.timeline, book.circumstances).flatMap(
          (suspect) => doubtOfExposure(book, suspect) ?? [],
        );
        const { messages, ms } = windowOfRun(book);
        const exposed = [...book.exposed.values()].reduce((sum, count) => sum + count, 0);
        return {
          forbidden: new Tally(),
          allowed: new Tally(),
          doubts,
          evidence:
            `${counted(exposed, 'message was', 'messages were')} sent and acked ` +
            `in the second before ${counted(book.exposed.size, 'fault')}: ` +
            (messages === 0
              ? '0 lost'
              : `${count(messages)} lost, up to ${ms?.toFixed(1) ?? '?'} ms before the fault`),
        };
      },
    };
  },
};

/** Of one injection. */
export function windowOf(book: Book, injection: Injection): LossWindow {
  return book.loss.windows.get(injection) ?? { messages: 0, ms: 0 };
}

/** Of the whole run. */
export function windowOfRun({ loss }: Book): LossWindow {
  const windows = [...loss.windows.values()];
  const times = windows.flatMap(({ ms }) => ms ?? []);
  return {
    messages: windows.reduce((sum, { messages }) => sum + messages, 0),
    ms: times.length < windows.length ? null : Math.max(0, ...times),
  };
}

function doubtOfExposure(
  book: Book,
  { injection, promise, exposure }: Suspect,
): string | undefined {
  if (promise.loss === 'none' || windowOf(book, injection).messages > 0) return undefined;
  if (exposure !== undefined && unsafeOf(exposure) > 0) return undefined;
  const what = describeInjection(injection);
  return exposure === undefined
    ? `this mode may lose messages, ${what} cost none, and nobody measured how many were not yet ` +
        'safe: whether any were at risk is not known'
    : `this mode may lose messages, and ${what} found none that were not yet safe`;
}
