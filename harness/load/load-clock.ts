import { monotonicNanos } from '../measure/clock.ts';

/** Time as the load sees it: a part, so that a test can run thirty seconds in one. */
export interface LoadClock {
  /** Monotonic nanoseconds. */
  nanos(): number;
  /** Calls `fire` once, not before `atNanos` and as close to it as can be, never in this turn. */
  wake(atNanos: number, fire: () => void): void;
  /** The same within a few milliseconds, at no cost while it waits. */
  alarm(atNanos: number, fire: () => void): void;
  /** Calls `fire` once what has arrived in this turn has been handled. */
  defer(fire: () => void): void;
}

const timerNanos = 1e6;
const pollShare = 0.2;
const pollCreditNanosMax = 5e6;

/**
 * The real clock. A timer of Node is late by up to a millisecond, so `wake` sets it short and polls
 * the event loop for the rest: what arrives meanwhile is handled at once. Polling may use a fifth of
 * the time; above about 200 wakes a second the rest of them go by timers alone, a millisecond late
 * at most, rather than take a core away from the broker. `nanos`: the clock whose times it speaks in.
 */
export function realLoadClock(nanos: () => number = monotonicNanos): LoadClock {
  let credit = pollCreditNanosMax;
  let creditAt = nanos();
  const mayPoll = (now: number): boolean => {
    credit = Math.min(pollCreditNanosMax, credit + (now - creditAt) * pollShare);
    creditAt = now;
    return credit > 0;
  };
  const poll = (atNanos: number, since: number, fire: () => void): void => {
    const now = nanos();
    credit -= now - since;
    if (now >= atNanos) return fire();
    if (mayPoll(now)) setImmediate(poll, atNanos, now, fire);
    else setTimeout(fireFrom, 1, atNanos, fire);
  };
  const fireFrom = (atNanos: number, fire: () => void): void => {
    const now = nanos();
    if (now >= atNanos) fire();
    else wake(atNanos, fire);
  };
  const wake = (atNanos: number, fire: () => void): void => {
    const now = nanos();
    const rest = atNanos - now;
    if (rest <= 0) setImmediate(fire);
    else if (rest >= 2 * timerNanos)
      setTimeout(fireFrom, Math.floor(rest / timerNanos) - 1, atNanos, fire);
    else if (mayPoll(now)) setImmediate(poll, atNanos, now, fire);
    else setTimeout(fireFrom, 1, atNanos, fire);
  };
  return {
    nanos,
    wake,
    alarm: (atNanos, fire) =>
      void setTimeout(fire, Math.ceil(Math.max(0, atNanos - nanos()) / 1e6)),
    defer: (fire) => void setImmediate(fire),
  };
}
