/** One look at another clock: read there at some moment between two readings of our own. */
export interface ClockReading {
  /** Ours, nanoseconds. */
  readonly askedNanos: number;
  /** The other's. */
  readonly readNanos: number;
  /** Ours. */
  readonly answeredNanos: number;
}

/** What to add to times of another clock to have them in ours, and by how much that may be wrong. */
export interface ClockOffset {
  readonly nanos: number;
  readonly errorNanos: number;
}

/**
 * Each reading bounds the offset on both sides, however the way there and the way back differ: it was
 * made after it was asked for and before it was answered. All bounds hold at once, so that the
 * closest of each side count; of many readings that is at least as good as the one with the shortest
 * round trip. Undefined where they contradict each other: then a clock was set, or stood still.
 */
export function offsetFrom(readings: readonly ClockReading[]): ClockOffset | undefined {
  let [lowest, highest] = [-Infinity, Infinity];
  for (const { askedNanos, readNanos, answeredNanos } of readings) {
    lowest = Math.max(lowest, askedNanos - readNanos);
    highest = Math.min(highest, answeredNanos - readNanos);
  }
  if (readings.length === 0 || lowest > highest) return undefined;
  const errorNanos = (highest - lowest) / 2;
  return { nanos: lowest + errorNanos, errorNanos };
}

export interface MeasureOffsetOptions {
  /** No fewer than these, since the first ones warm up the way. */
  readonly readingsMin: number;
  readonly readingsMax: number;
  /** It goes on until it is known as closely as this. */
  readonly errorNanosGood: number;
}

/** Reads again and again. Rejects as `read` does. */
export async function measureOffset(
  read: () => Promise<ClockReading>,
  { readingsMin, readingsMax, errorNanosGood }: MeasureOffsetOptions,
): Promise<ClockOffset | undefined> {
  const readings: ClockReading[] = [];
  for (;;) {
    readings.push(await read());
    const offset = offsetFrom(readings);
    if (offset === undefined || readings.length >= readingsMax) return offset;
    if (readings.length >= readingsMin && offset.errorNanos <= errorNanosGood) return offset;
  }
}

/** Times of another clock that were carried over into ours by one offset, over a whole run. */
export interface CarriedClock {
  /** Of the other clock. */
  readonly domain: string;
  readonly offsetNanos: number;
  /** By how much the offset may have been wrong when it was measured. */
  readonly errorMs: number;
  /** How far it had moved by the end, as far as was seen; null where nobody looked again. */
  readonly driftMs: number | null;
  /** By how much any time that was carried over may be wrong; null where nobody looked again. */
  readonly boundMs: number | null;
}

/**
 * Below the 25 ms in which recovery is told, and small beside what may be lost in a window: a flush
 * interval. Two kernels that hold each other's time drift by some milliseconds an hour.
 */
export const carriedBoundMsMax = 20;

/** Why times that were carried over cannot be relied on, as a sentence; undefined when they can. */
export function doubtOfCarried(boundMs: number | null): string | undefined {
  const whose = 'the clock of the workers is another than that of the harness';
  if (boundMs === null)
    return `${whose}, and was not measured again at the end: faults and messages cannot be matched`;
  if (boundMs <= carriedBoundMsMax) return undefined;
  return (
    `${whose}, and known to ±${boundMs.toFixed(1)} ms only, more than ${carriedBoundMsMax} ms: ` +
    'faults and messages cannot be matched'
  );
}
