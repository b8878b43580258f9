import type {
  Consumer,
  ConsumerOptions,
  Done,
  Driver,
  OutgoingMessage,
  Producer,
  ProducerOptions,
  Session,
} from './driver.ts';
import type { DriverFixture } from './fixture.contract.ts';

interface Member {
  readonly options: ConsumerOptions;
  partitions: number[];
  /** Next offset to deliver, per partition. */
  readonly next: Map<number, number>;
}

interface Group {
  readonly committed: Map<number, number>;
  readonly members: Member[];
}

interface Topic {
  readonly logs: Buffer[][];
  readonly groups: Map<string, Group>;
}

/**
 * A broker in this process, right in all that the contract asks for: the measure that wrong drivers
 * are held against in the contract's own tests. While it is paused it does nothing.
 */
class MemoryBroker {
  readonly #topics = new Map<string, Topic>();
  #paused = false;
  #waiting: (() => void)[] = [];

  create(name: string, partitions: number): void {
    this.#topics.set(name, {
      logs: Array.from({ length: partitions }, () => []),
      groups: new Map(),
    });
  }

  topic(name: string): Topic {
    return this.#topics.get(name)!;
  }

  group(topic: string, name: string): Group {
    const { groups } = this.topic(topic);
    const group = groups.get(name) ?? { committed: new Map(), members: [] };
    groups.set(name, group);
    return group;
  }

  /** Does this later, and not while paused. */
  request(act: () => void): void {
    setImmediate(() => (this.#paused ? this.#waiting.push(act) : act()));
  }

  pause(): () => Promise<void> {
    this.#paused = true;
    return async () => {
      this.#paused = false;
      for (const act of this.#waiting.splice(0)) act();
    };
  }

  rebalance(topic: string, group: Group): void {
    const { logs } = this.topic(topic);
    group.members.forEach((member, position) => {
      const before = member.partitions;
      member.partitions = [...logs.keys()].filter(
        (partition) => partition % group.members.length === position,
      );
      const lost = before.filter((partition) => !member.partitions.includes(partition));
      const won = member.partitions.filter((partition) => !before.includes(partition));
      for (const partition of won) member.next.set(partition, group.committed.get(partition) ?? 0);
      member.options.onRevoked(lost);
      member.options.onAssigned(
        won.map((partition) => ({ partition, offset: member.next.get(partition)! })),
      );
    });
    this.deliver(topic);
  }

  deliver(topic: string): void {
    const { logs, groups } = this.topic(topic);
    for (const { members } of groups.values()) {
      for (const { partitions, next, options } of members) {
        for (const partition of partitions) {
          for (let offset = next.get(partition)!; offset < logs[partition]!.length; offset++) {
            next.set(partition, offset + 1);
            options.onDelivery({
              payload: Buffer.from(logs[partition]![offset]!),
              partition,
              offset,
              redelivered: false,
            });
          }
        }
      }
    }
  }
}

export function memoryFixture(): DriverFixture {
  const broker = new MemoryBroker();
  return {
    driver: memoryDriver(broker),
    target: (topic) => ({ addresses: ['memory'], token: '', topic }),
    topic: {
      partitions: 4,
      replicas: 1,
      flush: 'os',
      replication: 'none',
      flushIntervalMs: 100,
      segmentBytes: 1 << 20,
    },
    pause: async () => broker.pause(),
    outageMs: 150,
    patienceMs: 500,
    quietMs: 30,
    stop: async () => undefined,
  };
}

function memoryDriver(broker: MemoryBroker): Driver {
  return {
    name: 'memory',
    capabilities: {
      positions: true,
      denseOffsets: true,
      orderScope: 'partition',
      retriesKeepOrder: true,
      replayable: true,
      competingConsumers: false,
      groups: true,
      readEachReplica: true,
      idempotence: true,
    },
    connect: async ({ topic }) => sessionOf(broker, topic),
  };
}

function sessionOf(broker: MemoryBroker, topic: string): Session {
  return {
    createTopic: async ({ partitions }) => broker.create(topic, partitions),
    describe: async () => ({
      version: '1',
      config: { partitions: broker.topic(topic).logs.length },
    }),
    createProducer: async (options) => new MemoryProducer(broker, topic, options),
    createConsumer: async (options) => consumerOf(broker, topic, options),
    readAll: ({ onRecord }) =>
      new Promise((resolve) => {
        broker.request(() => {
          const { logs } = broker.topic(topic);
          logs.forEach((log, partition) =>
            log.forEach((payload, offset) => onRecord({ payload, partition, offset })),
          );
          resolve({ partitions: logs.map((log) => ({ startOffset: 0, endOffset: log.length })) });
        });
      }),
    roles: async (groups) => ({
      leaders: broker.topic(topic).logs.map(() => 1),
      coordinator: 1,
      ...(groups && { groupLeaders: groups.map(() => 1) }),
    }),
    close: async () => undefined,
  };
}

class MemoryProducer implements Producer {
  readonly #broker: MemoryBroker;
  readonly #topic: string;
  readonly #options: ProducerOptions;
  #inFlight = 0;
  #refused = false;
  #onIdle: (() => void) | undefined;

  constructor(broker: MemoryBroker, topic: string, options: ProducerOptions) {
    this.#broker = broker;
    this.#topic = topic;
    this.#options = options;
  }

  send({ key, payload }: OutgoingMessage, done: Done): boolean {
    if (this.#inFlight >= this.#options.inFlightMax) {
      this.#refused = true;
      return false;
    }
    this.#inFlight++;
    const copy = Buffer.from(payload);
    const finish = (...outcome: Parameters<Done>) => {
      if (timer === undefined) return;
      clearTimeout(timer);
      timer = undefined;
      this.#inFlight--;
      done(...outcome);
      if (this.#refused) {
        this.#refused = false;
        this.#options.onDrain();
      }
      if (this.#inFlight === 0) this.#onIdle?.();
    };
    let timer: NodeJS.Timeout | undefined = setTimeout(
      () => finish('info', -1, -1, 1, 'timed-out'),
      this.#options.deliveryTimeoutMs,
    );
    this.#broker.request(() => {
      const { logs } = this.#broker.topic(this.#topic);
      const partition = key % logs.length;
      const offset = logs[partition]!.push(copy) - 1;
      this.#broker.deliver(this.#topic);
      finish('ok', partition, offset, 1, undefined);
    });
    return true;
  }

  close(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }
}

async function consumerOf(
  broker: MemoryBroker,
  topic: string,
  options: ConsumerOptions,
): Promise<Consumer> {
  const group = broker.group(topic, options.group);
  const member: Member = { options, partitions: [], next: new Map() };
  group.members.push(member);
  broker.rebalance(topic, group);
  return {
    ack: (partition, offset) => {
      if (member.partitions.includes(partition)) group.committed.set(partition, offset + 1);
    },
    nack: () => {
      throw new Error('a partition has one reader per group and takes nothing back');
    },
    close: async () => {
      group.members.splice(group.members.indexOf(member), 1);
      member.partitions = [];
      broker.rebalance(topic, group);
    },
  };
}
