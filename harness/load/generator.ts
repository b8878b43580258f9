import type {
  Done,
  OutgoingMessage,
  Outcome,
  Producer,
  ProducerOptions,
} from '../driver/driver.ts';
import { HarnessError } from '../errors.ts';
import type { HistoryWriter } from '../history/writer.ts';
import { WindowHistogram } from '../measure/window-histogram.ts';
import type { PlannedPhase } from '../scenario/plan-types.ts';
import { arrivals, type Arrivals } from './arrival.ts';
import type { FromWorker, ProducerAssignment } from './control.ts';
import type { LoadClock } from './load-clock.ts';
import type { Meter } from './meter.ts';
import { keyOf, PayloadWriter } from './payload.ts';
import type { PayloadSlot } from './payload.ts';
import { SecondsLedger } from './seconds.ts';

/** Messages that one turn takes at most, so that acks are not kept waiting behind sends. */
const turnMax = 256;

export interface GeneratorOptions {
  readonly run: string;
  readonly worker: string;
  readonly assignment: ProducerAssignment;
  readonly history: Pick<HistoryWriter, 'invoke' | 'complete' | 'event' | 'flush'>;
  readonly clock: LoadClock;
  readonly meter: Meter;
  readonly createProducer: (options: ProducerOptions) => Promise<Producer>;
  /** Something that a reader of the run should know; it is in the history already. */
  readonly onNote: (text: string) => void;
  readonly onProgress: (progress: Extract<FromWorker, { type: 'progress' }>) => void;
  /** All outcomes are known and the producer is closed. */
  readonly onDone: () => void;
  /** The driver broke its contract or gave up, or the history cannot be written: nothing after this counts. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * The open-loop load of one producer. Messages are due when the plan says so, whatever the broker
 * does: one that finds the in-flight window shut, or this process late, is sent as soon as can be
 * and keeps its due time, so that the wait shows in its response time. Memory does not grow with
 * the wait, since a message is made only when it is offered.
 *
 * A turn writes the invokes of all messages it is about to send, hands them to the kernel in one
 * write, and only then sends them.
 */
export class Generator {
  readonly #options: GeneratorOptions;
  readonly #payloads: PayloadWriter;
  readonly #pool: Slot[] = [];
  /** Invoked in this turn, or refused by the driver in an earlier one. */
  #ready: Slot[] = [];
  #producer: Producer | undefined;
  #schedule: Arrivals | undefined;
  #planIsOver = false;
  /** What goes on after the plan. */
  #beyond: Arrivals | undefined;
  #ledger: SecondsLedger | undefined;
  #originNanos = 0;
  #sendUntilNanos = Infinity;
  /** Due time of the next message, in nanoseconds of the load. */
  #nextDue = Infinity;
  #sequence = 0;
  #inFlight = 0;
  /** What the driver takes at once: at most the planned window, less where the driver says no. */
  #window: number;
  #turnScheduled = false;
  #wakeAt = Infinity;
  #sending = false;
  #ended = false;
  readonly #counts = { ok: 0, fail: 0, info: 0 };
  readonly #recent = new WindowHistogram();
  /** Reasons of failures, told once a second: the history must not fill with them. */
  readonly #errors = new Map<string, number>();

  constructor(options: GeneratorOptions) {
    this.#options = options;
    const { producer, sizeBytes, seed } = options.assignment;
    this.#payloads = new PayloadWriter({ run: options.run, producer, sizeBytes, seed });
    this.#window = options.assignment.options.inFlightMax;
  }

  /** Connects the producer; the load begins with `start`. */
  async prepare(): Promise<void> {
    this.#producer = await this.#options.createProducer({
      ...this.#options.assignment.options,
      onDrain: () => {
        const planned = this.#options.assignment.options.inFlightMax;
        this.#window = Math.min(planned, this.#window + Math.max(1, this.#window >> 4));
        this.#scheduleTurn();
      },
      onNote: (text) => this.note(text),
      onFailed: (error) => this.#fail(error),
    });
  }

  /** Load time 0 is at `originNanos`; what was due before now, in an earlier life, is skipped. */
  start(originNanos: number): void {
    const { assignment, clock, worker } = this.#options;
    const now = clock.nanos();
    this.#originNanos = originNanos;
    this.#sendUntilNanos = originNanos + (assignment.sendUntilMs ?? Infinity) * 1e6;
    const [sending, counting] = [arrivals(assignment), arrivals(assignment)];
    this.#schedule = sending;
    this.#nextDue = skipTo(sending, now - originNanos);
    const firstDue = skipTo(counting, now - originNanos);
    this.#ledger = new SecondsLedger({
      worker,
      originNanos,
      schedule: counting,
      firstDue,
      fromNanos: now,
    });
    clock.alarm(this.#ledger.reportAt, this.#everySecond);
    this.#scheduleTurn();
  }

  /** Sends after all of its plan what is due in this phase, too, until it is `enough`. */
  goOn(phase: PlannedPhase): void {
    const { assignment, clock } = this.#options;
    this.#cutOff(clock.nanos());
    this.#beyond = arrivals({ ...assignment, phases: [phase] });
    if (this.#planIsOver) this.#nextDue = this.#beyond.next();
    this.#ledger?.goOn(arrivals({ ...assignment, phases: [phase] }));
    this.#scheduleTurn();
  }

  /** Sends nothing more beyond its plan. */
  enough(): void {
    this.#beyond = undefined;
    if (this.#planIsOver) this.#nextDue = Infinity;
    this.#ledger?.end(this.#options.clock.nanos());
    this.#scheduleTurn();
  }

  /** Sends nothing more; ends once the outcome of what was sent is known. */
  stop(): void {
    this.#planIsOver = true;
    this.#beyond = undefined;
    this.#nextDue = Infinity;
    this.#ledger?.end(this.#options.clock.nanos());
    // Invoked but never taken by the driver: certainly without effect.
    for (const slot of this.#ready) this.#complete(slot, 'fail', -1, -1, 0);
    this.#ready = [];
    this.#scheduleTurn();
  }

  note(text: string): void {
    this.#guard(() => {
      this.#options.history.event({
        type: 'note',
        source: this.#options.worker,
        text,
        time: this.#options.clock.nanos(),
      });
      this.#options.onNote(text);
    });
  }

  #scheduleTurn(): void {
    if (this.#turnScheduled || this.#ended) return;
    this.#turnScheduled = true;
    this.#options.clock.defer(this.#turn);
  }

  readonly #turn = (): void => {
    this.#turnScheduled = false;
    if (!this.#ended) this.#guard(this.#work);
  };

  readonly #work = (): void => {
    const { clock, history } = this.#options;
    const refused = this.#ready.length;
    const now = clock.nanos();
    this.#cutOff(now);
    if (refused === 0 && this.#nextDue < Infinity) this.#offer(now);
    // Also carries the completions and notes since the last turn.
    history.flush();
    if (this.#ready.length > 0) this.#sendReady();
    this.#continue();
  };

  /** Makes what is due and fits the window, and writes its invokes. */
  #offer(now: number): void {
    const { assignment, history } = this.#options;
    const origin = this.#originNanos;
    const room = Math.min(turnMax, this.#window - this.#inFlight);
    if (room > 0) {
      this.#ledger!.windowOpen(now);
      this.#ledger!.gotTo(origin + this.#nextDue, now);
    }
    while (origin + this.#nextDue <= now && this.#ready.length < room) {
      const slot = this.#pool.pop() ?? this.#slot();
      const sequence = this.#sequence++;
      const key = keyOf(assignment.seed, sequence, assignment.keys);
      const intended = origin + this.#nextDue;
      slot.sequence = sequence;
      slot.intended = intended;
      slot.key = key;
      this.#payloads.write(slot.content, sequence, key, intended);
      history.invoke(assignment.producer, sequence, key, intended, now);
      this.#ledger!.offered(this.#nextDue);
      this.#ready.push(slot);
      this.#nextDue = this.#next();
    }
  }

  /** Due time of what comes next: of the plan, and then of what goes on. */
  #next(): number {
    if (!this.#planIsOver) {
      const at = this.#schedule!.next();
      if (at < Infinity) return at;
      this.#planIsOver = true;
    }
    return this.#beyond?.next() ?? Infinity;
  }

  /** What of the plan is overdue now is left out, once its time is over. */
  #cutOff(now: number): void {
    if (this.#planIsOver || now < this.#sendUntilNanos) return;
    this.#planIsOver = true;
    this.#nextDue = this.#beyond?.next() ?? Infinity;
  }

  #sendReady(): void {
    const ready = this.#ready;
    const producer = this.#producer!;
    let sent = 0;
    this.#sending = true;
    for (; sent < ready.length; sent++) {
      const slot = ready[sent]!;
      slot.inFlight = true;
      if (!producer.send(slot, slot.done)) {
        slot.inFlight = false;
        this.#window = Math.max(1, this.#inFlight);
        this.#ledger!.windowClosed(this.#options.clock.nanos());
        break;
      }
      this.#inFlight++;
    }
    this.#sending = false;
    this.#ready = sent === ready.length ? emptied(ready) : ready.slice(sent);
  }

  /** Decides what brings on the next turn: time, a completion, or the driver's `onDrain`. */
  #continue(): void {
    if (this.#ready.length > 0) return;
    if (this.#nextDue === Infinity) {
      if (this.#inFlight === 0) this.#end();
      return;
    }
    const at = this.#originNanos + this.#nextDue;
    const { clock } = this.#options;
    const now = clock.nanos();
    if (this.#inFlight >= this.#window) return this.#ledger!.windowClosed(Math.max(now, at));
    if (at <= now) return this.#scheduleTurn();
    if (at >= this.#wakeAt) return;
    this.#wakeAt = at;
    clock.wake(at, this.#woken);
  }

  readonly #woken = (): void => {
    this.#wakeAt = Infinity;
    if (this.#turnScheduled) return;
    this.#turn();
  };

  #slot(): Slot {
    const content = this.#payloads.slot();
    const slot: Slot = {
      content,
      payload: content.payload,
      key: 0,
      sequence: 0,
      intended: 0,
      inFlight: false,
      done: (outcome, partition, offset, attempts, errorCode) => {
        this.#guard(() => {
          if (!slot.inFlight)
            throw new HarnessError('worker', 'the driver told the outcome of a message twice');
          if (this.#sending)
            throw new HarnessError('worker', 'the driver told an outcome from inside send');
          slot.inFlight = false;
          this.#inFlight--;
          if (errorCode !== undefined) this.#countError(errorCode);
          this.#complete(slot, outcome, partition, offset, attempts);
          this.#scheduleTurn();
        });
      },
    };
    return slot;
  }

  #complete(
    slot: Slot,
    outcome: Outcome,
    partition: number,
    offset: number,
    attempts: number,
  ): void {
    const { assignment, clock, history } = this.#options;
    const now = clock.nanos();
    history.complete(assignment.producer, slot.sequence, outcome, partition, offset, attempts, now);
    this.#counts[outcome]++;
    if (outcome === 'ok') this.#recent.record(now - slot.intended);
    this.#pool.push(slot);
  }

  #countError(code: string): void {
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
  }

  readonly #everySecond = (): void => {
    if (this.#ended) return;
    this.#guard(() => {
      const { clock, history, meter } = this.#options;
      const now = clock.nanos();
      for (const event of this.#ledger!.report(now, () => meter.sample())) history.event(event);
      for (const [code, count] of this.#errors) this.note(`${count} x ${code}`);
      this.#errors.clear();
      history.flush();
      this.#progress();
      clock.alarm(this.#ledger!.reportAt, this.#everySecond);
    });
  };

  #progress(): void {
    const p99 = this.#recent.quantile(0.99);
    this.#recent.clear();
    this.#options.onProgress({
      type: 'progress',
      sent: this.#sequence,
      acked: this.#counts.ok,
      failed: this.#counts.fail,
      unknown: this.#counts.info,
      delivered: 0,
      inFlight: this.#inFlight,
      responseP99Micros: p99 === null ? null : p99 / 1000,
    });
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { clock, history, meter, onDone, onFailed } = this.#options;
    for (const event of this.#ledger?.finish(clock.nanos(), () => meter.sample()) ?? [])
      history.event(event);
    history.flush();
    this.#progress();
    const closed = this.#producer?.close() ?? Promise.resolve();
    closed.then(() => {
      // The driver may have had something to say while it closed.
      history.flush();
      onDone();
    }, onFailed);
  }

  /** Whatever goes wrong in a callback of clock or driver ends the load. */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#ended = true;
    this.#options.onFailed(error);
  }
}

/** A message that is made anew for each send; the driver owns it from `send` to `done`. */
interface Slot extends OutgoingMessage {
  readonly content: PayloadSlot;
  key: number;
  sequence: number;
  intended: number;
  inFlight: boolean;
  readonly done: Done;
}

function emptied(slots: Slot[]): Slot[] {
  slots.length = 0;
  return slots;
}

function skipTo(schedule: Arrivals, loadNanos: number): number {
  let due = schedule.next();
  while (due < loadNanos) due = schedule.next();
  return due;
}
