import type { Broker } from '../broker.ts';
import { natsPromises } from './promises.ts';

const replicasMax = 5;

export const natsBroker: Broker = {
  name: 'nats',
  description: 'NATS JetStream, from an installed nats-server of version 2.10 or later',
  driver: async () => (await import('./driver.ts')).natsDriver(),
  program: async (options) => (await import('./program.ts')).natsProgram(options),
  examine: async () => (await import('./examine.ts')).examineNats(),
  promises: natsPromises,
  storage: ['plain', 'ext4', 'xfs'],
  refuses({ cluster, scenario }, needsLinks) {
    const { replication, replicas = 1 } = scenario.topic;
    if (cluster !== 'process')
      return `NATS runs on --cluster process only: there are no ${cluster} clusters of it yet`;
    if (needsLinks)
      return (
        'the links of NATS cannot be cut on --cluster process, since its nodes advertise one ' +
        `address each to all others; leave the faults of ${scenario.name} out (run --no-faults), ` +
        'or the cells that cut links (compare --quick)'
      );
    if (replication === 'async')
      return 'NATS acks what a quorum has, or one replica alone: use --replication quorum or none';
    if (replicas > replicasMax)
      return `NATS keeps at most ${replicasMax} replicas of a stream, not ${replicas}`;
    return undefined;
  },
};
