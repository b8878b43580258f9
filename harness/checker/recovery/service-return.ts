import type { Service } from './service.ts';

/** Service counts as back once it held this long; shares of it are taken in steps of `stepMs`. */
export const sustainedMs = 5000;
const stepMs = 25;
const stepNanos = stepMs * 1e6;
const sustainedSteps = sustainedMs / stepMs;
const shareMin = 0.99;
const sustainedNanos = sustainedMs * 1e6;
/**
 * An ack later than this after its send is no sign of service: what waits out an outage is acked in
 * the end. Where clients waited longer than that before the fault, twice their longest wait.
 */
const lateNanosMin = 500e6;

export interface Outcome {
  /** Milliseconds from the fault, the worst over all; null when one of them is not back. */
  readonly rtoMs: number | null;
  readonly note: string;
  /** What did not come back although load went on. */
  readonly never: readonly string[];
  /** What cannot be told. */
  readonly doubts: readonly string[];
}

export interface Completion {
  readonly client: number;
  readonly key: number;
  readonly partition: number;
  readonly acked: boolean;
  readonly invokedAt: number;
  readonly time: number;
}

/** What was offered to one partition after the fault, by the step in which it was invoked. */
interface Track {
  readonly offered: number[];
  /** In time, and in the end. */
  readonly served: number[];
  readonly acked: number[];
  /** Invoke and ack of the first operation of each step that was acked in time. */
  readonly firstInvoke: number[];
  readonly firstAck: number[];
  candidate: number;
  backAt: number | undefined;
}

interface Client {
  readonly tracks: Map<number, Track>;
  readonly invoked: number[];
  readonly completed: number[];
  /** Offered to a partition that nobody knows: held against all. */
  readonly unplaced: number[];
  latestStep: number;
  /** All steps below are over, and all their operations complete. */
  settled: number;
  closed: boolean;
}

/**
 * Follows one fault: per client and partition, the first step of 25 ms from which 99 % of what was
 * offered within 5 s was acked in time, and the ack of the first operation in it that was. That is
 * the end of the outage also where a few operations were served before it began.
 * A client that is back in all its partitions is no longer followed.
 */
export class ServiceReturn {
  readonly effectiveAt: number;
  readonly #service: Service;
  readonly #clients = new Map<number, Client>();
  /** By client, the longest wait for an ack in the 5 s before the fault. */
  readonly #waitsBefore = new Map<number, number>();

  constructor(effectiveAt: number, service: Service) {
    this.effectiveAt = effectiveAt;
    this.#service = service;
  }

  /** Of an operation acked before the fault; of all clients' before any `complete` of theirs. */
  ackedBefore(client: number, invokedAt: number, time: number): void {
    if (time < this.effectiveAt - sustainedNanos || time >= this.effectiveAt) return;
    const longest = this.#waitsBefore.get(client) ?? 0;
    if (time - invokedAt > longest) this.#waitsBefore.set(client, time - invokedAt);
  }

  /** Of an operation invoked after the fault. */
  invoke(number: number, time: number): void {
    const client = this.#client(number);
    if (client.closed) return;
    const step = this.#step(time);
    client.invoked[step] = (client.invoked[step] ?? 0) + 1;
    if (step > client.latestStep) client.latestStep = step;
  }

  /** Of an operation invoked after the fault. Returns true once the client needs no following. */
  complete({ client: number, key, partition, acked, invokedAt, time }: Completion): boolean {
    const client = this.#client(number);
    if (client.closed) return true;
    const step = this.#step(invokedAt);
    client.completed[step] = (client.completed[step] ?? 0) + 1;
    const place = acked ? Math.max(partition, 0) : this.#service.partitionOf(key);
    if (place < 0) {
      client.unplaced[step] = (client.unplaced[step] ?? 0) + 1;
    } else {
      const track = trackOf(client, place);
      track.offered[step] = (track.offered[step] ?? 0) + 1;
      if (acked) {
        track.acked[step] = (track.acked[step] ?? 0) + 1;
        const inTime = time - invokedAt <= this.#lateNanos(number);
        if (inTime) track.served[step] = (track.served[step] ?? 0) + 1;
        if (inTime && !(track.firstInvoke[step]! <= invokedAt)) {
          track.firstInvoke[step] = invokedAt;
          track.firstAck[step] = time;
        }
      }
    }
    this.#advance(number, client);
    return client.closed;
  }

  /** An operation that never completed; after all files. */
  pending(number: number, key: number, invokedAt: number): void {
    if (!(invokedAt >= this.effectiveAt)) return;
    this.complete({ client: number, key, partition: -1, acked: false, invokedAt, time: Infinity });
  }

  /**
   * `loadEndsAt`: when no more load was planned, after which clients may have gone on; `healedAt`: when the fault was over; `slackMs`: by how
   * much these may be off the times of the clients.
   */
  result({
    loadEndsAt,
    healedAt,
    slackMs = 0,
  }: {
    readonly loadEndsAt: number;
    readonly healedAt: number;
    readonly slackMs?: number;
  }): Outcome {
    const never: string[] = [];
    const doubts: string[] = [];
    let worst: number | undefined;
    for (const number of this.#service.clients()) {
      const client = this.#client(number);
      client.latestStep++;
      this.#advance(number, client);
      for (const partition of this.#service.servedBefore(number, this.effectiveAt)) {
        const name = `producer ${number} in partition ${partition}`;
        const track = client.tracks.get(partition);
        if (track?.backAt !== undefined) {
          worst = Math.max(worst ?? 0, (track.backAt - this.effectiveAt) / 1e6);
          continue;
        }
        const since = Math.max(this.effectiveAt, healedAt);
        const observedMs = (Math.max(loadEndsAt, this.#service.lastInvoke(number)) - since) / 1e6;
        if (observedMs - slackMs < sustainedMs) {
          doubts.push(
            `${name}: the load ended ${Math.max(0, observedMs).toFixed(0)} ms after the fault was over, too early to tell`,
          );
        } else if (track !== undefined && isServedAtTheEnd(track, client)) {
          doubts.push(
            `${name}: served again, but the load ended before that had held for ${sustainedMs} ms`,
          );
        } else if (track !== undefined && isAckedAtTheEnd(track, client)) {
          doubts.push(
            `${name}: acked again, but more than 1 % later than ${(this.#lateNanos(number) / 1e6).toFixed(0)} ms`,
          );
        } else {
          never.push(
            `${name}: not served again within ${observedMs.toFixed(0)} ms after the fault was over`,
          );
        }
      }
    }
    if (worst === undefined && never.length + doubts.length === 0) {
      doubts.push('no client had been served before the fault');
    }
    const open = [...never, ...doubts];
    return {
      rtoMs: open.length > 0 ? null : (worst ?? null),
      note: open.slice(0, 3).join('; '),
      never,
      doubts,
    };
  }

  #lateNanos(client: number): number {
    return Math.max(lateNanosMin, 2 * (this.#waitsBefore.get(client) ?? 0));
  }

  #step(time: number): number {
    return Math.floor((time - this.effectiveAt) / stepNanos);
  }

  #client(number: number): Client {
    let client = this.#clients.get(number);
    if (client === undefined) {
      client = {
        tracks: new Map(),
        invoked: [],
        completed: [],
        unplaced: [],
        latestStep: 0,
        settled: 0,
        closed: false,
      };
      this.#clients.set(number, client);
    }
    return client;
  }

  #advance(number: number, client: Client): void {
    const before = client.settled;
    const { invoked, completed } = client;
    while (
      client.settled < client.latestStep &&
      (invoked[client.settled] ?? 0) === (completed[client.settled] ?? 0)
    ) {
      client.settled++;
    }
    if (client.settled === before || client.settled < sustainedSteps) return;
    for (const track of client.tracks.values()) seekReturn(track, client);
    const served = this.#service.servedBefore(number, this.effectiveAt);
    if (!served.every((partition) => client.tracks.get(partition)?.backAt !== undefined)) return;
    client.closed = true;
    for (const steps of [client.invoked, client.completed, client.unplaced]) steps.length = 0;
  }
}

function trackOf(client: Client, partition: number): Track {
  let track = client.tracks.get(partition);
  if (track === undefined) {
    track = {
      offered: [],
      served: [],
      acked: [],
      firstInvoke: [],
      firstAck: [],
      candidate: 0,
      backAt: undefined,
    };
    client.tracks.set(partition, track);
  }
  return track;
}

function seekReturn(track: Track, client: Client): void {
  while (track.backAt === undefined && track.candidate + sustainedSteps <= client.settled) {
    if (holds(track, client, track.candidate + sustainedSteps))
      track.backAt = track.firstAck[track.candidate]!;
    else track.candidate++;
  }
  if (track.backAt === undefined) return;
  const { offered, served, acked, firstInvoke, firstAck } = track;
  for (const steps of [offered, served, acked, firstInvoke, firstAck]) steps.length = 0;
}

/** Whether from the candidate to `end` enough was served, and something in the candidate itself. */
function holds(track: Track, client: Client, end: number): boolean {
  return (
    track.served[track.candidate]! > 0 &&
    isEnough(track.served, track, client, track.candidate, end)
  );
}

function isEnough(
  counted: readonly number[],
  track: Track,
  client: Client,
  from: number,
  end: number,
): boolean {
  let offered = 0;
  let good = 0;
  for (let step = from; step < end; step++) {
    offered += (track.offered[step] ?? 0) + (client.unplaced[step] ?? 0);
    good += counted[step] ?? 0;
  }
  return good >= shareMin * offered;
}

/** Whether what was offered in the last 5 s was acked at all: late, and yet not given up. */
function isAckedAtTheEnd(track: Track, client: Client): boolean {
  const from = Math.max(0, client.latestStep - sustainedSteps);
  const some = track.acked.some((count, step) => step >= from && count > 0);
  return some && isEnough(track.acked, track, client, from, client.latestStep);
}

function isServedAtTheEnd(track: Track, client: Client): boolean {
  for (; track.candidate < client.latestStep; track.candidate++) {
    if (holds(track, client, client.latestStep)) return true;
  }
  return false;
}
