import type { HistoryHeader, NoteEvent } from '../../history/events.ts';
import { groupOfWorker } from '../../history/worker-name.ts';
import { doubtOfCarried } from '../../measure/clock-offset.ts';
import { isIdempotent } from './circumstances.ts';
import type { Circumstances } from './circumstances.ts';
import { Claims, conflicts, fromLog } from './claims.ts';
import type { Conflict } from './claims.ts';
import { FaultTimeline } from './fault-timeline.ts';
import type { Injection } from './fault-timeline.ts';
import { InFlight } from './in-flight.ts';
import { LogCopies, stranger } from './log-copy.ts';
import type { LogCopy } from './log-copy.ts';
import { LossLedger } from './loss-ledger.ts';
import { groupsMax, Mark, MessageTable } from './messages.ts';

const damageMax = 10;

/** How a broker came back from an injection. */
export interface Recovery {
  /** Milliseconds, the worst over clients and partitions; null when it is not known, see `note`. */
  readonly rtoMs: number | null;
  /** By how much that may be off, since clocks compare only so closely; mostly 0. */
  readonly boundMs: number;
  readonly note: string;
}

/** What all checkers share: every message, every copy of the log, the faults; kept once. */
export class Book {
  readonly circumstances: Circumstances;
  readonly messages = new MessageTable();
  readonly copies = new LogCopies(this.messages);
  /** What inspections found on single nodes while the run went on, one for each partition. */
  readonly inspections: LogCopy[] = [];
  readonly claims = new Claims();
  readonly timeline: FaultTimeline;
  /** Names of the consumer groups; a group's number is its place here. */
  readonly groups: readonly string[];
  /** Of all messages to all groups, whatever they held. */
  deliveries = 0;
  readonly inFlight = new InFlight();
  readonly loss = new LossLedger(this);
  /** What `recovery` found of each injection. */
  readonly recoveries = new Map<Injection, Recovery>();
  /** Producer number -> worker number. */
  readonly workers = new Map<number, number>();
  /** Messages sent and acked in the second before each injection took effect. */
  readonly exposed = new Map<Injection, number>();
  /** Why this history is not to be trusted, as sentences; the first few. */
  readonly damage = new Set<string>();
  /** Notes that a pass has to say, too: by their text, who told of them. */
  readonly grounds = new Map<string, Set<string>>();
  /** Roles of workers whose history is not whole, without a fault that explains it. */
  readonly gaps = new Set<HistoryHeader['role']>();
  /** Per group, messages that it was given away from their own position. */
  readonly #elsewhere: readonly Set<number>[];
  /** Of as many claims as there were when it was made: who names which message where. */
  #claimedPlaces: ReadonlySet<string> = new Set();
  #claimedOf = 0;
  #conflicts: readonly Conflict[] | undefined;
  #sessions = 0;
  #run: string | undefined;
  #clockDomain: string | undefined;
  #oneClock = true;
  #isCarried = false;

  constructor(circumstances: Circumstances) {
    this.circumstances = circumstances;
    this.timeline = new FaultTimeline(circumstances.plan);
    this.groups = [...new Set(circumstances.plan.consumers.map(({ group }) => group))];
    if (this.groups.length > groupsMax)
      throw new RangeError(`more than ${groupsMax} consumer groups`);
    this.#elsewhere = this.groups.map(() => new Set());
  }

  /** False when files of two clock domains are in the history: their times cannot be compared. */
  get oneClock(): boolean {
    return this.#oneClock;
  }

  /** By how much times of workers may be off those of faults; 0 where all have one clock. */
  get clockBoundNanos(): number {
    return this.#isCarried ? (this.circumstances.clockBoundMs ?? Infinity) * 1e6 : 0;
  }

  /** Why workers and faults cannot be matched in time, as a sentence. */
  get clockDoubt(): string | undefined {
    return this.#isCarried ? doubtOfCarried(this.circumstances.clockBoundMs ?? null) : undefined;
  }

  header(header: HistoryHeader): void {
    this.#run ??= header.run;
    if (header.run !== this.#run) {
      this.noteDamage(`${header.worker} belongs to run ${header.run}, others to ${this.#run}`);
    }
    this.#clockDomain ??= header.clockDomain;
    this.#oneClock &&= this.#clockDomain === header.clockDomain;
    this.#isCarried ||= header.carried !== undefined;
  }

  noteGap(role: HistoryHeader['role'], sentence: string): void {
    this.gaps.add(role);
    this.noteDamage(sentence);
  }

  noteDamage(sentence: string): void {
    if (this.damage.size < damageMax) this.damage.add(sentence);
  }

  noteGround({ text, source }: Pick<NoteEvent, 'text' | 'source'>): void {
    const sources = this.grounds.get(text) ?? new Set();
    this.grounds.set(text, sources.add(source));
  }

  /** The number of the group of a consumer's file, or -1 when the plan has no such consumer. */
  groupOf(header: HistoryHeader): number {
    const group = groupOfWorker(header.worker, this.circumstances.plan.consumers);
    return group === undefined ? -1 : this.groups.indexOf(group);
  }

  deliver(
    id: number,
    group: number,
    place: { readonly partition: number; readonly offset: number },
  ): void {
    const { partition, offset } = place;
    const { messages } = this;
    if (partition < 0 || offset < 0 || messages.isAt(id, partition, offset)) {
      messages.giveTo(id, group);
    } else if (messages.partition(id) < 0) {
      messages.place(id, partition, offset);
      messages.giveTo(id, group);
    } else {
      this.claims.add({ id, partition, offset, source: group });
      this.#elsewhere[group]!.add(id);
    }
  }

  /** Whether the group was ever given the message, at whichever position. */
  wasGiven(id: number, group: number): boolean {
    return (this.messages.groups(id) & (1 << group)) !== 0 || this.#elsewhere[group]!.has(id);
  }

  /** Whether the group was given the message at this very position. */
  wasGivenAt(id: number, group: number, partition: number, offset: number): boolean {
    if (id === stranger) return false;
    return this.messages.isAt(id, partition, offset)
      ? (this.messages.groups(id) & (1 << group)) !== 0
      : this.#elsewhere[group]!.has(id) &&
          this.#claimed().has(`${id} ${group} ${partition} ${offset}`);
  }

  wasGivenToAny(id: number): boolean {
    return this.messages.groups(id) !== 0 || this.#elsewhere.some((given) => given.has(id));
  }

  /** The worker that sent a message; 0 when its file has no such name. */
  workerOf(id: number): number {
    return this.workers.get(this.messages.producer(id)) ?? 0;
  }

  /** A number that no message was marked with yet; see `MessageTable.exchangeSession`. */
  newSession(): number {
    return ++this.#sessions;
  }

  /**
   * Whether a retry of the producer explains that this message is in the log twice, or late: not
   * when the broker removes retries, and not after a single attempt with a known outcome.
   */
  mayBeRetried(id: number): boolean {
    if (isIdempotent(this.circumstances)) return false;
    const marks = this.messages.marks(id);
    return !((marks & Mark.onceTried) !== 0 && (marks & (Mark.ok | Mark.fail)) !== 0);
  }

  /** The same, of being late: some brokers remove retries, and put what is new where it comes. */
  mayBeLate(id: number): boolean {
    if (this.mayBeRetried(id)) return true;
    const { retriesKeepOrder } = this.circumstances.capabilities;
    return !retriesKeepOrder && (this.messages.marks(id) & Mark.onceTried) === 0;
  }

  /** Notes what the final read holds; after the last event. */
  close(): void {
    for (const copy of this.copies.copiesOf(0)) {
      for (let index = 0; index < copy.length; index++) {
        const id = copy.id(index);
        if (id === stranger) continue;
        if (copy.isAtHome(index)) {
          this.messages.mark(id, Mark.inLog | Mark.inLogThere);
          continue;
        }
        this.messages.mark(id, Mark.inLog);
        const offset = copy.offset(index);
        if (offset >= 0)
          this.claims.add({ id, partition: copy.partition, offset, source: fromLog });
      }
    }
  }

  /** Positions that hold more than one value; computed once, after `close`. */
  get conflicts(): readonly Conflict[] {
    return (this.#conflicts ??= conflicts(this));
  }

  #claimed(): ReadonlySet<string> {
    const { claims } = this;
    if (this.#claimedOf !== claims.length) {
      this.#claimedOf = claims.length;
      this.#claimedPlaces = new Set(
        Array.from({ length: claims.length }, (_, index) => {
          const { id, source, partition, offset } = claims.get(index);
          return `${id} ${source} ${partition} ${offset}`;
        }),
      );
    }
    return this.#claimedPlaces;
  }

  /** "producer 1 sequence 4711, acked at p0@812" */
  witness(id: number): string {
    const { messages } = this;
    const marks = messages.marks(id);
    const outcome =
      (marks & Mark.ok) !== 0 ? 'acked' : (marks & Mark.fail) !== 0 ? 'failed' : 'unknown';
    const partition = messages.partition(id);
    const there = (marks & Mark.ackedThere) !== 0 || (marks & Mark.ok) === 0;
    const at =
      partition < 0 ? '' : ` ${there ? 'at' : ', seen at'} p${partition}@${messages.offset(id)}`;
    return `${messages.describe(id)}, ${outcome}${at}`;
  }
}
