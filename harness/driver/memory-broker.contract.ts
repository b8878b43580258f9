import { HarnessError } from '../errors.ts';
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

/** After so long without an answer an idempotent producer sends again. */
const againMs = 40;
const electionMs = 60;

/**
 * A broker in this process, right in all that the contract asks for: the measure that wrong drivers
 * are held against in the contract's own tests. While it is paused it does nothing. Of two nodes one
 * leads; what is asked for while none does is lost.
 */
class MemoryBroker {
  readonly #topics = new Map<string, Topic>();
  leader = 1;
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
    setImmediate(() => {
      if (this.leader === 0) return;
      if (this.#paused) this.#waiting.push(act);
      else act();
    });
  }

  async kill(node: number): Promise<() => Promise<void>> {
    if (node !== this.leader) return async () => undefined;
    this.leader = 0;
    const elected = new Promise<void>((resolve) => {
      setTimeout(() => {
        this.leader = 3 - node;
        resolve();
      }, electionMs);
    });
    return () => elected;
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
    target: (topic) => ({ addresses: ['memory-1', 'memory-2'], token: '', topic }),
    topic: {
      partitions: 4,
      replicas: 2,
      flush: 'os',
      replication: 'quorum',
      flushIntervalMs: 100,
      segmentBytes: 1 << 20,
    },
    pause: async () => broker.pause(),
    outageMs: 150,
    retryOutageMs: 150,
    kill: (node) => broker.kill(node),
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
      leaders: broker.topic(topic).logs.map(() => broker.leader),
      coordinator: broker.leader,
      ...(groups && { groupLeaders: groups.map(() => broker.leader) }),
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
      clearInterval(again);
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
      () => finish('info', -1, -1, attempts, 'timed-out'),
      this.#options.deliveryTimeoutMs,
    );
    let attempts = 0;
    let offset = -1;
    const attempt = (): void => {
      attempts++;
      this.#broker.request(() => {
        const { logs } = this.#broker.topic(this.#topic);
        const partition = key % logs.length;
        if (offset < 0) {
          offset = logs[partition]!.push(copy) - 1;
          this.#broker.deliver(this.#topic);
        }
        finish('ok', partition, offset, attempts, undefined);
      });
    };
    const again = this.#options.idempotent ? setInterval(attempt, againMs) : undefined;
    attempt();
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
      throw new HarnessError(
        'usage',
        'a partition has one reader per group and takes nothing back',
      );
    },
    close: async () => {
      group.members.splice(group.members.indexOf(member), 1);
      member.partitions = [];
      broker.rebalance(topic, group);
    },
  };
}
