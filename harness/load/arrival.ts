import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

import type { PlannedPhase } from '../scenario/plan-types.ts';

/**
 * When messages are due. All but Poisson are computed from the number of the message, so that no
 * error adds up; a worker's part of them begins at a seeded fraction of an interval, so that several
 * workers do not send in step.
 */
export interface Arrivals {
  /** The next due time in nanoseconds since the load began, never falling; Infinity at the end. */
  next(): number;
}

export interface ArrivalOptions {
  readonly phases: readonly PlannedPhase[];
  /** This worker's part of every rate, in (0, 1]. */
  readonly share: number;
  readonly seed: number;
}

const warmUpDraws = 16;

export function arrivals(options: ArrivalOptions): Arrivals {
  const generator = xoroshiro128plus(options.seed | 0);
  for (let draw = 0; draw < warmUpDraws; draw++) generator.next();
  const unit = () => ((generator.next() >>> 0) + 0.5) / 2 ** 32;
  const fraction = unit();
  let phase = 0;
  let current: () => number = () => Infinity;
  let startNanos = 0;
  let endNanos = -1;
  const enter = (): boolean => {
    const planned = options.phases[phase++];
    if (planned === undefined) return false;
    startNanos = planned.startMs * 1e6;
    endNanos = planned.endMs * 1e6;
    current = processOf(planned, options.share, fraction, unit);
    return true;
  };
  let ended = !enter();
  return {
    next: () => {
      while (!ended) {
        const at = startNanos + current() * 1e9;
        if (at < endNanos) return at;
        ended = !enter();
      }
      return Infinity;
    },
  };
}

/** One after the other; what is due in `second` is due no earlier than all that is in `first`. */
export function followedBy(first: Arrivals, second: Arrivals): Arrivals {
  return {
    next: () => {
      const at = first.next();
      return at === Infinity ? second.next() : at;
    },
  };
}

/** How many messages a phase makes due over all workers; on average, where chance decides. */
export function messagesOf(phase: PlannedPhase): number {
  const seconds = (phase.endMs - phase.startMs) / 1000;
  if (phase.arrival.kind === 'poisson') return phase.rate * seconds;
  if (phase.arrival.kind !== 'trace') return countOf(phase, 1)(seconds);
  const { times, period } = traceOf(phase.arrival.atMs);
  const whole = Math.floor(seconds / period);
  return whole * times.length + times.filter((time) => time < seconds - whole * period).length;
}

/** Seconds from the start of the phase of one message after the other. */
function processOf(
  phase: PlannedPhase,
  share: number,
  fraction: number,
  unit: () => number,
): () => number {
  const { arrival } = phase;
  if (arrival.kind === 'poisson') {
    let at = 0;
    const rate = phase.rate * share;
    return () => (at -= Math.log(unit()) / rate);
  }
  if (arrival.kind === 'trace') return traced(arrival.atMs, share, fraction);
  const timeOf = timesOf(phase, share);
  let index = 0;
  return () => timeOf(index++ + fraction);
}

/** The time by which `n` messages are due: the inverse of `countOf`. Infinity where it never comes. */
function timesOf(phase: PlannedPhase, share: number): (n: number) => number {
  const seconds = (phase.endMs - phase.startMs) / 1000;
  const rate = phase.rate * share;
  const { arrival } = phase;
  switch (arrival.kind) {
    case 'ramp': {
      const slope = (arrival.to * share - rate) / seconds;
      // The smaller root of rate t + slope t^2 / 2 = n, in the form that does not cancel.
      return (n) => {
        const root = rate * rate + 2 * slope * n;
        return root < 0 ? Infinity : (2 * n) / (rate + Math.sqrt(root));
      };
    }
    case 'burst': {
      const every = arrival.every / 1000;
      const high = Math.min(arrival.for, arrival.every) / 1000;
      const inBurst = rate * arrival.factor * high;
      const inCycle = inBurst + rate * (every - high);
      return (n) => {
        const cycle = Math.floor(n / inCycle);
        const rest = n - cycle * inCycle;
        const within =
          rest < inBurst ? rest / (rate * arrival.factor) : high + (rest - inBurst) / rate;
        return cycle * every + within;
      };
    }
    case 'step': {
      const width = seconds / arrival.rates.length;
      return (n) => {
        let rest = n;
        for (let step = 0; step < arrival.rates.length; step++) {
          const stepRate = arrival.rates[step]! * share;
          if (rest < stepRate * width) return step * width + rest / stepRate;
          rest -= stepRate * width;
        }
        return Infinity;
      };
    }
    default:
      return (n) => n / rate;
  }
}

/** How many messages are due by a time, as a real number. */
function countOf(phase: PlannedPhase, share: number): (seconds: number) => number {
  const seconds = (phase.endMs - phase.startMs) / 1000;
  const rate = phase.rate * share;
  const { arrival } = phase;
  switch (arrival.kind) {
    case 'ramp':
      return (at) => rate * at + (((arrival.to * share - rate) / seconds) * (at * at)) / 2;
    case 'burst':
      return (at) => {
        const every = arrival.every / 1000;
        const high = Math.min(arrival.for, arrival.every) / 1000;
        const cycles = Math.floor(at / every);
        const within = at - cycles * every;
        const bursting = cycles * high + Math.min(within, high);
        return rate * (at + (arrival.factor - 1) * bursting);
      };
    case 'step':
      return () =>
        arrival.rates.reduce(
          (sum, each) => sum + (each * share * seconds) / arrival.rates.length,
          0,
        );
    default:
      return (at) => rate * at;
  }
}

/** A trace begins anew one mean interval after its last message. */
function traceOf(atMs: readonly number[]): { times: readonly number[]; period: number } {
  const last = atMs.at(-1)! / 1000;
  const mean = atMs.length > 1 ? (last - atMs[0]! / 1000) / (atMs.length - 1) : 1;
  return { times: atMs.map((at) => at / 1000), period: last + (mean > 0 ? mean : 1) };
}

/** Each worker takes its share of the messages of a trace, evenly spread. */
function traced(atMs: readonly number[], share: number, fraction: number): () => number {
  const { times, period } = traceOf(atMs);
  let index = -1;
  return () => {
    do index++;
    while (Math.floor((index + 1) * share + fraction) === Math.floor(index * share + fraction));
    return Math.floor(index / times.length) * period + times[index % times.length]!;
  };
}
