import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { HarnessError } from '../../errors.ts';
import type { Driver, Session, Target, TopicOptions } from '../driver.ts';
import { loadUser } from './config.ts';
import { openConnection } from './connection.ts';
import { createNatsConsumer } from './consumer.ts';
import { NatsProducer } from './producer.ts';
import { readStreams } from './read-all.ts';
import { describeTopic, SystemAccount } from './servers.ts';
import { createStreams, groupLeadersOf, leadersOf, partitionsOf } from './streams.ts';

/** An answer of the cluster about itself takes no longer, or it has no leader. */
const answerMsMax = 2000;

/** NATS JetStream, through its official client. */
export function natsDriver(): Driver {
  return {
    name: 'nats',
    capabilities: {
      positions: true,
      denseOffsets: true,
      orderScope: 'partition',
      // What is sent again while later messages are under way comes after them.
      retriesKeepOrder: false,
      replayable: true,
      // Members of a group pull from one durable consumer per stream and ack each message.
      competingConsumers: true,
      groups: true,
      // A read of a stream cannot be asked of one server among its replicas.
      readEachReplica: false,
      idempotence: true,
    },
    async connect(target) {
      const connection = await openConnection(target, loadUser);
      const options = { timeout: answerMsMax, checkAPI: false };
      const manager = await jetstreamManager(connection, options);
      return sessionOf(target, connection, manager);
    },
  };
}

function sessionOf(target: Target, nc: NatsConnection, jsm: JetStreamManager): Session {
  const { topic } = target;
  const system = new SystemAccount(target);
  let known = target.partitions;
  let asked: TopicOptions | undefined;
  const partitions = async (): Promise<number> => {
    known ??= await partitionsOf(jsm, topic);
    return known;
  };
  return {
    async createTopic(options) {
      await createStreams(jsm, topic, options);
      known = options.partitions;
      asked = options;
    },
    describe: () => describeTopic(jsm, system, { topic, asked }),
    createProducer: async (options) =>
      new NatsProducer(nc, { ...options, topic, partitions: await partitions() }),
    createConsumer: async (options) => {
      const parts = { nc, jsm, js: jetstream(nc), topic, partitions: await partitions() };
      return createNatsConsumer(parts, options);
    },
    readAll: async (options) => {
      if (options.node !== undefined)
        throw new HarnessError('usage', 'NATS does not let one read the copy of a single server');
      const isWhole = () => system.isWhole();
      return readStreams(jsm, { ...options, topic, partitions: await partitions(), isWhole });
    },
    async roles(groups) {
      const [leaders, coordinator, groupLeaders] = await Promise.all([
        partitions().then((count) => leadersOf(jsm, topic, count)),
        system.coordinator(),
        groups &&
          partitions().then((count) => groupLeadersOf(jsm, { topic, partitions: count, groups })),
      ]);
      return { leaders, coordinator, ...(groupLeaders && { groupLeaders }) };
    },
    async close() {
      await Promise.all([system.close(), nc.close()]);
    },
  };
}
