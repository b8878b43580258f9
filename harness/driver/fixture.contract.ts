import type {
  Consumer,
  Delivery,
  Done,
  Driver,
  Outcome,
  OutgoingMessage,
  Producer,
  ProducerOptions,
  ReadRecord,
  Session,
  Target,
  TopicOptions,
} from './driver.ts';

/** A running broker, and the ways in which it may be disturbed. Each check uses a topic of its own. */
export interface DriverFixture {
  readonly driver: Driver;
  /** Address and credentials, with a topic that no other check uses. */
  target(topic: string): Target;
  readonly topic: TopicOptions;
  /** The broker takes connections and answers nothing until the returned function is called. */
  readonly pause?: () => Promise<() => Promise<void>>;
  /** How long a pause lasts. */
  readonly outageMs: number;
  /** How long one lasts that makes an idempotent producer send again what was not answered. */
  readonly retryOutageMs?: number;
  /** The process of a node is gone when it resolves; the returned function starts it again. */
  readonly kill?: (node: number) => Promise<() => Promise<void>>;
  /** How long to wait for what should come. */
  readonly patienceMs: number;
  /** How long to listen for what should not. */
  readonly quietMs: number;
  stop(): Promise<void>;
}

export interface Sent {
  readonly index: number;
  readonly key: number;
  readonly payload: string;
  readonly outcome: Outcome;
  readonly partition: number;
  readonly offset: number;
  readonly attempts: number;
}

interface Message {
  readonly key: number;
  readonly payload: Buffer;
}

export interface Sender {
  /**
   * Sends in order at the producer's own pace, and waits for outcomes. Those that never came are
   * missing from the result.
   */
  send(messages: readonly Message[]): Promise<Sent[]>;
  close(): Promise<void>;
}

export interface Received {
  readonly payload: string;
  readonly partition: number;
  readonly offset: number;
}

export const producerDefaults = {
  inFlightMax: 64,
  lingerMs: 1,
  batchBytesMax: 65_536,
  deliveryTimeoutMs: 10_000,
  idempotent: false,
  onNote: () => undefined,
  onFailed: () => undefined,
};

/** A message of 100 bytes with every value somewhere, told apart by its index. Hex of it identifies it. */
export function payloadOf(index: number, bytes = 100): Buffer {
  const payload = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at++) payload[at] = (at * 7 + index * 13 + (at >> 3)) & 0xff;
  payload.writeUInt32LE(index, 0);
  payload.writeUInt32LE(0xff00_ff00, 4);
  return payload;
}

/** A producer that is kept. Each buffer is overwritten as soon as its outcome is known. */
export async function openSender(
  { patienceMs }: DriverFixture,
  session: Session,
  options: Partial<ProducerOptions> = {},
): Promise<Sender> {
  const deliveryTimeoutMs = options.deliveryTimeoutMs ?? patienceMs;
  const queue: { readonly message: OutgoingMessage; readonly done: Done }[] = [];
  let producer: Producer | undefined = undefined;
  const pump = (): void => {
    for (; producer !== undefined && queue.length > 0; queue.shift()) {
      const { message, done } = queue[0]!;
      if (!producer.send(message, done)) return;
    }
  };
  const created = await session.createProducer({
    ...producerDefaults,
    ...options,
    deliveryTimeoutMs,
    onDrain: pump,
  });
  producer = created;
  return {
    send: async (messages) => {
      const sent: Sent[] = [];
      const all = new Promise<void>((settled) => {
        messages.forEach(({ key, payload }, index) => {
          const text = payload.toString('hex');
          const buffer = Buffer.from(payload);
          const done: Done = (outcome, partition, offset, attempts) => {
            const kept = buffer.toString('hex') === text ? text : 'changed by the driver';
            buffer.fill(0xee);
            sent.push({ index, key, payload: kept, outcome, partition, offset, attempts });
            if (sent.length === messages.length) settled();
          };
          queue.push({ message: { key, payload: buffer }, done });
        });
      });
      pump();
      await Promise.race([all, pass(deliveryTimeoutMs + patienceMs)]);
      return sent.toSorted((left, right) => left.index - right.index);
    },
    close: () => created.close(),
  };
}

/** Sends all by a producer of their own. */
export async function sendAll(
  fixture: DriverFixture,
  session: Session,
  messages: readonly Message[],
  options: Partial<ProducerOptions> = {},
): Promise<Sent[]> {
  const sender = await openSender(fixture, session, options);
  const sent = await sender.send(messages);
  await sender.close();
  return sent;
}

/** A consumer that keeps what it gets; acks nothing by itself. */
export async function collect(
  session: Session,
  group: string,
  onDelivery: (received: Received, ack: () => void) => void = () => undefined,
): Promise<{ readonly received: Received[]; readonly consumer: Consumer }> {
  const received: Received[] = [];
  const early: (() => void)[] = [];
  let consumer: Consumer | undefined = undefined;
  const created = await session.createConsumer({
    group,
    inFlightMax: 1000,
    sessionTimeoutMs: 3000,
    onDelivery: ({ payload, partition, offset }: Delivery) => {
      const kept = { payload: payload.toString('hex'), partition, offset };
      received.push(kept);
      onDelivery(kept, () => {
        const ack = () => consumer?.ack(partition, offset);
        if (consumer === undefined) early.push(ack);
        else ack();
      });
    },
    onAssigned: () => undefined,
    onRevoked: () => undefined,
    onDiverged: () => undefined,
    onNote: () => undefined,
    onFailed: () => undefined,
  });
  consumer = created;
  for (const ack of early) ack();
  return { received, consumer: created };
}

/** All of a topic, by a reader of its own. */
export async function readTopic(session: Session, node?: number): Promise<Received[]> {
  const records: Received[] = [];
  await session.readAll({
    ...(node !== undefined && { node }),
    onRecord: ({ payload, partition, offset }: ReadRecord) => {
      records.push({ payload: payload.toString('hex'), partition, offset });
    },
  });
  return records;
}

/** True once `condition` holds, false when it does not within the time. */
export async function eventually(patienceMs: number, condition: () => boolean): Promise<boolean> {
  const until = performance.now() + patienceMs;
  while (!condition()) {
    if (performance.now() > until) return false;
    await pass(5);
  }
  return true;
}

export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
