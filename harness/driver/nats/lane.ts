import type { Done } from '../driver.ts';

/** A message that was taken and whose outcome is not known yet. */
export interface Entry {
  /** Among all of its producer's. */
  readonly sequence: number;
  readonly lane: Lane;
  /** A copy: the client may hold on to it for longer than the message's outcome is waited for. */
  readonly payload: Buffer;
  readonly done: Done;
  readonly takenAtMs: number;
  /** Under which an answer to one of its attempts may come; the last is the present one. */
  readonly tokens: string[];
  /** When its present attempt was made; undefined while it waits. */
  attemptAtMs: number | undefined;
  /** An attempt was made whose fate nobody knows. */
  mayBeStored: boolean;
}

/** How long a lane that found nobody to serve it waits before it tries again. */
const againMs = 100;
/** One that is tried with is answered within this, or was given to nobody. */
const tryMsMax = 500;
/** A lane that is silent for so long has lost what was under way. */
const silenceMsMax = 2000;
/** Acks come in the order of sending: what was sent so much earlier was lost. */
const overtakenMs = 1000;

/**
 * The messages of one partition. As long as all goes well the lane is open, and what is taken is
 * sent at once. When one has to be sent again the lane shuts: what is taken waits in its order, and
 * one message at a time is tried until an ack comes, which opens it.
 */
export class Lane {
  readonly partition: number;
  readonly subject: string;
  #isOpen = true;
  #tryAtMs = 0;
  #probe: Entry | undefined;
  #waiting: Entry[] = [];
  #ackedAtMs = 0;
  /** When the latest of all that was acked had been sent. */
  #sentAtMs = 0;

  constructor(partition: number, subject: string) {
    this.partition = partition;
    this.subject = subject;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** To be sent once the lane is open. */
  wait(entry: Entry): void {
    this.#waiting.push(entry);
  }

  /** This one has to be sent again. */
  shut(entry: Entry, nowMs: number): void {
    this.#isOpen = false;
    this.#waiting.push(entry);
    if (this.#probe !== undefined && this.#probe !== entry) return;
    this.#probe = undefined;
    this.#tryAtMs = nowMs + againMs;
  }

  /** The message to try with; undefined while another one is tried, or it is not time yet. */
  next(nowMs: number): Entry | undefined {
    if (this.#isOpen || this.#probe !== undefined || nowMs < this.#tryAtMs) return undefined;
    this.#sort();
    this.#probe = this.#waiting.shift();
    // Nobody waits, and so the next one that comes will tell.
    if (this.#probe === undefined) this.#isOpen = true;
    return this.#probe;
  }

  /** What was tried with may yet be answered, and cannot be sent again: another one is tried. */
  letGo(entry: Entry, nowMs: number): void {
    if (entry !== this.#probe) return;
    this.#probe = undefined;
    this.#tryAtMs = nowMs + againMs;
  }

  /** Whether its present attempt will not be answered any more, as far as one can tell. */
  isLost(entry: Entry, nowMs: number): boolean {
    const { attemptAtMs } = entry;
    if (attemptAtMs === undefined) return false;
    const waitedMs = nowMs - attemptAtMs;
    if (entry === this.#probe) return waitedMs > tryMsMax;
    if (waitedMs <= silenceMsMax) return false;
    const isSilent = nowMs - this.#ackedAtMs > silenceMsMax;
    return isSilent || attemptAtMs < this.#sentAtMs - overtakenMs;
  }

  /** Its outcome is known. Returns what can be sent now, in order. */
  settled(entry: Entry, acked: boolean, nowMs: number): readonly Entry[] {
    const at = this.#waiting.indexOf(entry);
    if (at >= 0) this.#waiting.splice(at, 1);
    if (acked) {
      this.#ackedAtMs = nowMs;
      this.#sentAtMs = Math.max(this.#sentAtMs, entry.attemptAtMs ?? 0);
    }
    if (entry !== this.#probe) return [];
    this.#probe = undefined;
    if (!acked) {
      this.#tryAtMs = nowMs + againMs;
      return [];
    }
    return this.#open();
  }

  /** All that waits may be sent. */
  #open(): readonly Entry[] {
    this.#isOpen = true;
    this.#sort();
    const ready = this.#waiting;
    this.#waiting = [];
    return ready;
  }

  #sort(): void {
    this.#waiting.sort((left, right) => left.sequence - right.sequence);
  }
}
