import { randomBytes } from 'node:crypto';
import {
  createInbox,
  headers,
  type Msg,
  type NatsConnection,
  type Subscription,
} from '@nats-io/transport-node';
import type { Done, Outcome, OutgoingMessage, Producer, ProducerOptions } from '../driver.ts';
import { watchForEnd } from './connection.ts';
import { Lane, type Entry } from './lane.ts';
import { subjectOf } from './streams.ts';

export interface NatsProducerOptions extends ProducerOptions {
  readonly topic: string;
  readonly partitions: number;
}

const tickMs = 50;
const noResponders = 503;
/** The same message is being stored right now, by an earlier attempt. */
const inProcess = 10_158;

/** What a stream answers to a message. */
interface PubAck {
  readonly seq?: number;
  readonly error?: { readonly code: number; readonly err_code?: number };
}

/**
 * A leader that cannot store what its replicas have agreed on says so, and they may have stored it.
 * What is refused before that has no reason, or a code below 500.
 */
function isOfStoring(code: number, reason: number): boolean {
  return code >= 500 && reason !== 0;
}

/**
 * Every message is published with a reply subject of its own, and is acked by what its stream
 * answers there. Many are under way at once, up to the window. An idempotent producer names each
 * message, so that the stream knows one that it has, and sends it again until the delivery
 * time-out; otherwise only what certainly was not stored is sent again. The client sends what it is
 * given at the end of the turn: it knows no linger and no batches.
 */
export class NatsProducer implements Producer {
  readonly #nc: NatsConnection;
  readonly #options: NatsProducerOptions;
  readonly #id = randomBytes(9).toString('base64url');
  readonly #inbox: string;
  readonly #replies: Subscription;
  readonly #lanes: readonly Lane[];
  /** All whose outcome is not known, the oldest first. */
  readonly #entries = new Set<Entry>();
  readonly #byToken = new Map<string, Entry>();
  readonly #timer: NodeJS.Timeout;
  #sequence = 0;
  #attempts = 0;
  #isConnected = true;
  #refused = false;
  #isClosing = false;
  #onEmpty: (() => void) | undefined;

  constructor(nc: NatsConnection, options: NatsProducerOptions) {
    this.#nc = nc;
    this.#options = options;
    const { topic, partitions } = options;
    this.#lanes = Array.from(
      { length: partitions },
      (_, partition) => new Lane(partition, subjectOf(topic, partition)),
    );
    this.#inbox = `${createInbox()}.`;
    this.#replies = nc.subscribe(`${this.#inbox}*`, {
      callback: (error, reply) => {
        if (error === null) this.#hear(reply);
      },
    });
    this.#timer = setInterval(this.#tick, tickMs);
    void this.#watch();
    watchForEnd(nc, options.onFailed);
  }

  send({ key, payload }: OutgoingMessage, done: Done): boolean {
    if (this.#isClosing || this.#entries.size >= this.#options.inFlightMax) {
      this.#refused = true;
      return false;
    }
    const lane = this.#lanes[key % this.#lanes.length]!;
    const entry: Entry = {
      sequence: this.#sequence++,
      lane,
      payload: Buffer.from(payload),
      done,
      takenAtMs: performance.now(),
      tokens: [],
      attemptAtMs: undefined,
      mayBeStored: false,
    };
    this.#entries.add(entry);
    if (lane.isOpen && this.#isConnected) this.#publish(entry);
    else if (lane.isOpen) lane.shut(entry, entry.takenAtMs);
    else lane.wait(entry);
    return true;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#entries.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
    }
    clearInterval(this.#timer);
    this.#replies.unsubscribe();
  }

  #publish(entry: Entry): void {
    const token = (this.#attempts++).toString(36);
    entry.tokens.push(token);
    const now = performance.now();
    entry.attemptAtMs = now;
    this.#byToken.set(token, entry);
    const options = { reply: this.#inbox + token };
    try {
      if (!this.#options.idempotent) {
        this.#nc.publish(entry.lane.subject, entry.payload, options);
        return;
      }
      const named = headers();
      named.set('Nats-Msg-Id', `${this.#id}.${entry.sequence}`);
      this.#nc.publish(entry.lane.subject, entry.payload, { ...options, headers: named });
    } catch {
      // The connection is closed: nothing was sent, and whoever watches it tells.
      entry.attemptAtMs = undefined;
      entry.lane.shut(entry, now);
    }
  }

  #hear(reply: Msg): void {
    const token = reply.subject.slice(this.#inbox.length);
    const entry = this.#byToken.get(token);
    if (entry === undefined) return;
    const isPresent = token === entry.tokens.at(-1) && entry.attemptAtMs !== undefined;
    if (reply.data.length === 0 && reply.headers?.code === noResponders) {
      if (isPresent) this.#again(entry);
      return;
    }
    const { seq = 0, error } = reply.json<PubAck>();
    if (seq > 0 && error === undefined) {
      this.#settle(entry, 'ok', { offset: seq - 1 });
      return;
    }
    if (!isPresent) return;
    // Before 2.11 a duplicate of what is in process is acked, at sequence 0.
    const { code, err_code: reason = 0 } = error ?? { code: 409, err_code: inProcess };
    if (reason === inProcess || isOfStoring(code, reason)) entry.mayBeStored = true;
    if (reason === inProcess || code === noResponders || code === 429) this.#again(entry);
    else this.#settle(entry, this.#lost(entry), { error: `nats-error-${reason}` });
  }

  /** Its present attempt came to nothing. */
  #again(entry: Entry): void {
    entry.attemptAtMs = undefined;
    if (entry.mayBeStored && !this.#options.idempotent)
      this.#settle(entry, 'info', { error: 'no-answer' });
    else entry.lane.shut(entry, performance.now());
  }

  #lost(entry: Entry): Outcome {
    return entry.mayBeStored ? 'info' : 'fail';
  }

  #settle(
    entry: Entry,
    outcome: Outcome,
    { offset, error }: { readonly offset?: number; readonly error?: string },
  ): void {
    if (!this.#entries.delete(entry)) return;
    for (const token of entry.tokens) this.#byToken.delete(token);
    const { lane, tokens } = entry;
    const acked = offset !== undefined;
    const ready = lane.settled(entry, acked, performance.now());
    entry.done(outcome, acked ? lane.partition : -1, offset ?? -1, tokens.length, error);
    for (const waiting of ready) this.#publish(waiting);
    if (this.#refused && this.#entries.size < this.#options.inFlightMax) {
      this.#refused = false;
      this.#options.onDrain();
    }
    if (this.#entries.size === 0) this.#onEmpty?.();
  }

  readonly #tick = (): void => {
    const now = performance.now();
    const { deliveryTimeoutMs, idempotent } = this.#options;
    for (const entry of this.#entries) {
      if (now - entry.takenAtMs >= deliveryTimeoutMs) {
        if (entry.attemptAtMs !== undefined) entry.mayBeStored = true;
        this.#settle(entry, this.#lost(entry), { error: 'timed-out' });
      } else if (entry.lane.isLost(entry, now)) {
        if (!idempotent) {
          entry.lane.letGo(entry, now);
          continue;
        }
        entry.mayBeStored = true;
        this.#again(entry);
      }
    }
    if (!this.#isConnected) return;
    for (const lane of this.#lanes) {
      const probe = lane.next(now);
      if (probe !== undefined) this.#publish(probe);
    }
  };

  async #watch(): Promise<void> {
    for await (const status of this.#nc.status()) {
      if (this.#isClosing && this.#entries.size === 0) return;
      if (status.type === 'disconnect') this.#disconnected();
      else if (status.type === 'reconnect') {
        this.#isConnected = true;
        this.#options.onNote(`connected to ${status.server}`);
      }
    }
  }

  /** Answers to what is under way will never come. */
  #disconnected(): void {
    this.#isConnected = false;
    for (const entry of this.#entries) {
      if (entry.attemptAtMs === undefined) continue;
      entry.mayBeStored = true;
      this.#again(entry);
    }
  }
}
