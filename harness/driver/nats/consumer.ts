import {
  AckPolicy,
  DeliverPolicy,
  type ConsumerMessages,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import type { Consumer, ConsumerOptions } from '../driver.ts';
import { watchForEnd } from './connection.ts';
import { reasonOf, until } from './patience.ts';
import { streamOf } from './streams.ts';

export interface ConsumerParts {
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly js: JetStreamClient;
  readonly topic: string;
  readonly partitions: number;
}

const createMsMax = 10_000;
const pulledMax = 1000;
/** A pull lasts so long, and a server that serves it says so this often. */
const pullMs = 5000;
const heartbeatMs = 1000;

/**
 * A member of a group: it pulls from the group's durable consumer of each stream, beside the other
 * members, and acks every message by itself. What it does not ack within the session time-out is
 * given to whoever pulls next.
 */
export async function createNatsConsumer(
  parts: ConsumerParts,
  options: ConsumerOptions,
): Promise<Consumer> {
  const all = Array.from({ length: parts.partitions }, async (_, partition) => {
    const share = new Share(parts, options, partition);
    await share.open();
    return share;
  });
  const shares = await Promise.all(all);
  watchForEnd(parts.nc, options.onFailed);
  return {
    ack: (partition, offset) => shares[partition]?.settle(offset, (message) => message.ack()),
    nack: (partition, offset) => shares[partition]?.settle(offset, (message) => message.nak()),
    async close() {
      await Promise.all(shares.map((share) => share.close()));
      // What was acked is on the wire, in order, and this comes after it.
      await parts.nc.flush();
    },
  };
}

/** What one member is given of one stream. */
class Share {
  readonly #parts: ConsumerParts;
  readonly #options: ConsumerOptions;
  readonly #partition: number;
  readonly #stream: string;
  /** By offset: what was delivered last there, and is not acked yet. */
  readonly #unacked = new Map<number, JsMsg>();
  #messages: ConsumerMessages | undefined;
  /** When the durable consumer was made that this member knows. */
  #created = '';

  constructor(parts: ConsumerParts, options: ConsumerOptions, partition: number) {
    this.#parts = parts;
    this.#options = options;
    this.#partition = partition;
    this.#stream = streamOf(parts.topic, partition);
  }

  async open(): Promise<void> {
    const { js } = this.#parts;
    const { group, inFlightMax } = this.#options;
    const consumer = await until(createMsMax, async () => {
      this.#created = await this.#provide();
      return js.consumers.get(this.#stream, group);
    });
    const share = Math.floor(inFlightMax / this.#parts.partitions);
    this.#messages = await consumer.consume({
      max_messages: Math.max(1, Math.min(pulledMax, share)),
      expires: pullMs,
      idle_heartbeat: heartbeatMs,
      callback: (message) => this.#take(message),
    });
    void this.#watch(this.#messages);
  }

  settle(offset: number, how: (message: JsMsg) => void): void {
    const message = this.#unacked.get(offset);
    if (message === undefined) return;
    this.#unacked.delete(offset);
    how(message);
  }

  /** Gives back at once what the next member would otherwise have to wait for. */
  async close(): Promise<void> {
    await this.#messages?.close();
    for (const message of this.#unacked.values()) message.nak();
    this.#unacked.clear();
  }

  #take(message: JsMsg): void {
    const offset = message.seq - 1;
    this.#unacked.set(offset, message);
    const { buffer, byteOffset, length } = message.data;
    this.#options.onDelivery({
      payload: Buffer.from(buffer, byteOffset, length),
      partition: this.#partition,
      offset,
      redelivered: message.redelivered,
    });
  }

  /**
   * The group's cursor; whoever comes first makes it, and all others find it as they want it.
   * Returns when it was made.
   */
  async #provide(): Promise<string> {
    const { group, inFlightMax, sessionTimeoutMs } = this.#options;
    const { created } = await this.#parts.jsm.consumers.add(this.#stream, {
      durable_name: group,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ack_wait: nanos(sessionTimeoutMs),
      max_ack_pending: inFlightMax,
    });
    return created;
  }

  /** A cursor that a crash took is made anew, as its owner would, and begins at the start. */
  async #watch(messages: ConsumerMessages): Promise<void> {
    const { onNote } = this.#options;
    for await (const { type } of messages.status()) {
      if (type !== 'consumer_not_found' && type !== 'consumer_deleted') continue;
      const { group } = this.#options;
      const consumer = `consumer ${group} of stream ${this.#stream}`;
      try {
        const created = await this.#provide();
        if (created === this.#created) onNote(`${consumer} was not found, and is there`);
        else onNote(`${consumer} was lost, and made anew at the start of the stream`, 'ground');
        this.#created = created;
      } catch (error) {
        onNote(`${consumer} was not found: ${reasonOf(error)}`);
      }
    }
  }
}
