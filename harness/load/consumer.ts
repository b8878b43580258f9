import type { Consumer, ConsumerOptions, Delivery } from '../driver/driver.ts';
import { EntryFlag } from '../history/format.ts';
import type { HistoryWriter } from '../history/writer.ts';
import type { ConsumerAssignment, FromWorker } from './control.ts';
import type { LoadClock } from './load-clock.ts';
import { PayloadReader } from './payload.ts';

export interface LoadConsumerOptions {
  readonly run: string;
  readonly worker: string;
  readonly assignment: ConsumerAssignment;
  readonly history: Pick<HistoryWriter, 'delivery' | 'ack' | 'position' | 'event' | 'flush'>;
  readonly clock: LoadClock;
  /** An ack covers all before it in its partition: one per turn and partition is enough. */
  readonly cumulative: boolean;
  /** Deliveries carry positions. */
  readonly positions: boolean;
  readonly createConsumer: (options: ConsumerOptions) => Promise<Consumer>;
  readonly onNote: (text: string) => void;
  readonly onFailed: (error: unknown) => void;
}

/**
 * Takes deliveries, writes them down and acks them. All deliveries of a turn of the event loop go to
 * the kernel in one write together with the acks that they bring about, and only then does the
 * driver see those: what was acked is in the history, however this process ends.
 */
export class LoadConsumer {
  readonly #options: LoadConsumerOptions;
  readonly #payload: PayloadReader;
  #consumer: Consumer | undefined;
  /** To be acked at the end of the turn: per partition the last offset, or every single one. */
  readonly #last = new Map<number, number>();
  readonly #each: { partition: number; offset: number }[] = [];
  readonly #next = new Map<number, number>();
  #delivered = 0;
  #scheduled = false;
  #closed = false;

  constructor(options: LoadConsumerOptions) {
    this.#options = options;
    this.#payload = new PayloadReader(options.run);
  }

  async prepare(): Promise<void> {
    const { assignment, createConsumer } = this.#options;
    this.#consumer = await createConsumer({
      group: assignment.group,
      inFlightMax: assignment.inFlightMax,
      sessionTimeoutMs: assignment.sessionTimeoutMs,
      onDelivery: (delivery) => this.#guard(() => this.#take(delivery)),
      onAssigned: (partitions) => {
        for (const { partition, offset } of partitions)
          this.#position('assigned', partition, offset);
      },
      onRevoked: (partitions) => {
        // What was not acked by now is another consumer's to deliver again.
        for (const partition of partitions) {
          this.#last.delete(partition);
          this.#position('revoked', partition, -1);
        }
      },
      onDiverged: ({ partition, offset }) => {
        this.#last.delete(partition);
        this.#position('diverged', partition, offset);
      },
      onNote: (text, weight) => this.note(text, weight),
      onFailed: (error) => this.#fail(error),
    });
    // Deliveries may have come before the consumer was known here.
    this.#schedule();
  }

  note(text: string, weight?: 'ground'): void {
    const { clock, history, onNote, worker } = this.#options;
    const note = { type: 'note', source: worker, text, time: clock.nanos() } as const;
    this.#guard(() => history.event(weight === undefined ? note : { ...note, isGround: true }));
    onNote(text);
    this.#schedule();
  }

  progress(): Extract<FromWorker, { type: 'progress' }> {
    const positions = [...this.#next].map(([partition, nextOffset]) => ({ partition, nextOffset }));
    return {
      type: 'progress',
      sent: 0,
      acked: 0,
      failed: 0,
      unknown: 0,
      delivered: this.#delivered,
      inFlight: 0,
      responseP99Micros: null,
      ...(this.#options.positions && { positions }),
    };
  }

  /** Acks what was delivered, leaves the group, and is done. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#endTurn();
    this.#closed = true;
    await this.#consumer?.close();
    this.#options.history.flush();
  }

  #take(delivery: Delivery): void {
    const { assignment, clock, cumulative, history } = this.#options;
    const { partition, offset } = delivery;
    const payload = this.#payload;
    payload.read(delivery.payload);
    const flags =
      (payload.intact ? EntryFlag.intact : 0) |
      (payload.foreign ? EntryFlag.foreign : 0) |
      (delivery.redelivered ? EntryFlag.redelivered : 0);
    const { producer, sequence, key, intended } = payload;
    history.delivery(
      assignment.consumer,
      partition,
      offset,
      flags,
      producer,
      sequence,
      key,
      intended,
      clock.nanos(),
    );
    this.#delivered++;
    // Where single messages come again, how far it came is the furthest of them.
    const before = cumulative ? 0 : (this.#next.get(partition) ?? 0);
    this.#next.set(partition, Math.max(before, offset + 1));
    if (cumulative) this.#last.set(partition, offset);
    else this.#each.push({ partition, offset });
    this.#schedule();
  }

  #position(type: 'assigned' | 'revoked' | 'diverged', partition: number, offset: number): void {
    const { assignment, clock, history } = this.#options;
    this.#guard(() =>
      history.position(type, assignment.consumer, partition, offset, clock.nanos()),
    );
    // A drain must not wait for a consumer that no longer has the partition.
    if (type === 'revoked') this.#next.delete(partition);
    else if (offset >= 0) this.#next.set(partition, offset);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed || this.#consumer === undefined) return;
    this.#scheduled = true;
    this.#options.clock.defer(() => {
      this.#scheduled = false;
      if (!this.#closed) this.#guard(() => this.#endTurn());
    });
  }

  #endTurn(): void {
    const { assignment, clock, history } = this.#options;
    const now = clock.nanos();
    const { consumer } = assignment;
    for (const [partition, offset] of this.#last) history.ack(consumer, partition, offset, now);
    for (const { partition, offset } of this.#each) history.ack(consumer, partition, offset, now);
    history.flush();
    for (const [partition, offset] of this.#last) this.#consumer?.ack(partition, offset);
    for (const { partition, offset } of this.#each) this.#consumer?.ack(partition, offset);
    this.#last.clear();
    this.#each.length = 0;
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#closed = true;
    this.#options.onFailed(error);
  }
}
