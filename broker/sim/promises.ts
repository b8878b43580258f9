import type { StoredValue } from './machine.ts';
import { electionTimeoutMs } from './plan.ts';
import type { SimPlan } from './plan.ts';

export interface Ack extends StoredValue {
  readonly atMs: number;
  lost: boolean;
}

interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Longest sync of the simulated disk, and how much slower a slow one is. */
const syncMsMax = 5;
const slowDisk = 20;

/**
 * What an ack was worth: the promise table of flush x replication, asked of a run.
 *
 * Acks lie on a chain: those that the leader of the day has, in the order of its log. Whenever
 * another leader begins to serve, some of the chain may be gone. Whatever is gone must be its
 * tail: a hole or a prefix is a violation in every mode. And it may be gone only where the mode's
 * row allows that for what has happened since the ack.
 */
export class Promises {
  readonly #plan: SimPlan;
  readonly #fail: (violation: string) => void;
  readonly #note: (line: string) => void;
  readonly #powerCuts: { readonly node: number; readonly atMs: number }[] = [];
  readonly #idle = new Map<number, Interval[]>();
  readonly #acks = new Map<string, Ack>();
  #chain: Ack[] = [];
  #chainTerm = 0;

  constructor(options: {
    readonly plan: SimPlan;
    readonly fail: (violation: string) => void;
    readonly note: (line: string) => void;
  }) {
    this.#plan = options.plan;
    this.#fail = options.fail;
    this.#note = options.note;
  }

  get acked(): number {
    return this.#acks.size;
  }

  get lost(): Ack[] {
    return [...this.#acks.values()].filter(({ lost }) => lost);
  }

  ackFor(producer: number, value: number): Ack | undefined {
    return this.#acks.get(`${producer}/${value}`);
  }

  powerCut(node: number, atMs: number): void {
    this.#powerCuts.push({ node, atMs });
  }

  /** The node did not run, so it could not sync. */
  idled(node: number, interval: Interval): void {
    const intervals = this.#idle.get(node) ?? [];
    intervals.push(interval);
    this.#idle.set(node, intervals);
  }

  /** `inTerm` is that of the leader that gave it, which for a duplicate is not the batch's. */
  ack(value: StoredValue, options: { readonly inTerm: number; readonly atMs: number }): void {
    const key = `${value.producer}/${value.value}`;
    if (this.#acks.has(key)) return;
    const ack: Ack = { ...value, atMs: options.atMs, lost: false };
    this.#acks.set(key, ack);
    // A leader whose time is over acks what is not on the chain; the next one to serve tells.
    if (options.inTerm === this.#chainTerm) insert(this.#chain, ack);
  }

  /** A leader serves, with these values in its log. */
  serves(options: {
    readonly term: number;
    readonly values: readonly StoredValue[];
    readonly atMs: number;
  }): void {
    const present = new Set(options.values.map(placeOf));
    this.#requireTail(this.#chain, present);
    this.#chain = [];
    for (const ack of this.#acks.values()) {
      if (present.has(placeOf(ack))) {
        ack.lost = false;
        this.#chain.push(ack);
      } else if (!ack.lost) {
        ack.lost = true;
        this.#note(`lost: ${nameOf(ack)}, which was acked`);
        this.#requireAllowed(ack, options.atMs);
      }
    }
    this.#chain.sort((a, b) => a.index - b.index);
    this.#chainTerm = options.term;
  }

  #requireTail(chain: readonly Ack[], present: ReadonlySet<string>): void {
    let gone: Ack | undefined;
    for (const ack of chain) {
      if (!present.has(placeOf(ack))) gone ??= ack;
      else if (gone !== undefined) {
        this.#fail(`a hole: ${nameOf(gone)} is lost, and ${nameOf(ack)} behind it is not`);
        return;
      }
    }
  }

  #requireAllowed(ack: Ack, nowMs: number): void {
    const { flush, replication } = this.#plan;
    if (replication === 'async') return;
    if (flush !== 'sync' && this.#powerCuts.some((cut) => this.#explains(cut, ack, nowMs))) return;
    const how = `acked at ${ack.atMs.toFixed(1)} ms under ${flush} x ${replication}`;
    this.#fail(`lost: ${nameOf(ack)}, ${how}`);
  }

  /** The cut took what was not synced on that node, and the ack is young enough for that. */
  #explains(cut: { node: number; atMs: number }, ack: Ack, nowMs: number): boolean {
    if (cut.atMs < ack.atMs - this.#onItsWayMs || cut.atMs > nowMs) return false;
    if (this.#plan.flush === 'os') return true;
    const slow = this.#plan.faults.some(({ kind }) => kind === 'slow-disk') ? slowDisk : 1;
    const windowMs = this.#plan.flushIntervalMs + 3 * syncMsMax * slow;
    return cut.atMs - ack.atMs <= windowMs + this.#idleMs(cut.node, ack.atMs, cut.atMs);
  }

  /** What a follower said before its cut may reach the leader, and make an ack, after it. */
  get #onItsWayMs(): number {
    const { quality, faults, replication } = this.#plan;
    if (replication === 'none') return 0;
    // A paused leader still takes what waited, unless it slept long enough to step down.
    const napMs = faults.some(({ kind }) => kind === 'pause') ? electionTimeoutMs : 0;
    return quality.delayMs.to + napMs;
  }

  #idleMs(node: number, fromMs: number, toMs: number): number {
    let sumMs = 0;
    for (const each of this.#idle.get(node) ?? []) {
      sumMs += Math.max(0, Math.min(each.toMs, toMs) - Math.max(each.fromMs, fromMs));
    }
    return sumMs;
  }
}

function insert(chain: Ack[], ack: Ack): void {
  let at = chain.length;
  while (at > 0 && chain[at - 1]!.index > ack.index) at--;
  chain.splice(at, 0, ack);
}

function placeOf({ producer, value, index, term, offset }: StoredValue): string {
  return `${producer}/${value}/${index}/${term}/${offset}`;
}

function nameOf({ producer, value, index, term }: StoredValue): string {
  return `value ${value} of producer ${producer} at index ${index} of term ${term}`;
}
