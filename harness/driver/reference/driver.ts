import { Admin, ClusterClient, realEnv } from '../../../broker/index.ts';
import type { Driver, Session, Target } from '../driver.ts';
import { createReferenceConsumer } from './consumer.ts';
import { createReferenceProducer } from './producer.ts';
import { askReplicas } from './ask-replicas.ts';
import { exposureOf } from './exposure.ts';
import { readWholeTopic } from './read-all.ts';
import { createReferenceTopic, describeReferenceTopic } from './topic.ts';

/** The reference broker, through its own client. */
export function referenceDriver(): Driver {
  return {
    name: 'reference',
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
    connect: (target) => Promise.resolve(sessionOf(target)),
  };
}

function sessionOf(target: Target): Session {
  // The client opens no files, so where its disk would be does not matter.
  const { clock, network, random } = realEnv('.');
  const { addresses, token, topic } = target;
  const cluster = new ClusterClient({
    env: { clock, network, random },
    addresses,
    addressOf: (nodeId, advertised) => addresses[nodeId - 1] ?? advertised,
    token,
  });
  return {
    createTopic: (options) => createReferenceTopic(cluster, topic, options),
    describe: () => describeReferenceTopic(cluster, topic),
    createProducer: (options) => createReferenceProducer(cluster, topic, options),
    createConsumer: (options) => createReferenceConsumer(cluster, topic, options),
    readAll: (options) => readWholeTopic(cluster, topic, options),
    async roles(groups) {
      const roles = await new Admin(cluster).roles(topic);
      // The coordinator leads all groups, each as a whole.
      return groups === undefined ? roles : { ...roles, groupLeaders: [roles.coordinator] };
    },
    exposure: async (failing, loses) =>
      exposureOf(await askReplicas(cluster, topic), { failing, loses }),
    close: () => {
      cluster.close();
      return Promise.resolve();
    },
  };
}
