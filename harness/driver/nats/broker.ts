import { harmOf } from '../../checker/promise/harm.ts';
import type { PlannedFault } from '../../scenario/plan-types.ts';
import { targetClass } from '../../scenario/targets.ts';
import type { Broker } from '../broker.ts';
import { duplicateWindowMs } from './duplicate-window.ts';
import { natsPromises } from './promises.ts';

/** A quorum of fewer outlives no server; what `promises.ts` allows of one, several replicas do. */
const quorumReplicasMin = 3;
const replicasMax = 5;
/** What is sent again at the last moment may be under way for as long, or wait in a server. */
const retriedMsMax = duplicateWindowMs / 2;

export const natsBroker: Broker = {
  name: 'nats',
  description:
    'NATS JetStream, from an installed nats-server of version 2.10.23 or later, or its image',
  driver: async () => (await import('./driver.ts')).natsDriver(),
  program: async (options) => (await import('./program.ts')).natsProgram(options),
  examine: async () => (await import('./examine.ts')).examineNats(),
  promises: natsPromises,
  // With `sync` each of three servers syncs each write by itself: 800 to 4,000 a second in all, with
  // stalls, and less while one of them catches up.
  usualRate: 200,
  // A replica that cannot be brought up to date from the log of its leader waits for the next
  // snapshot there, every two to three minutes, and with it the groups that it leads, or a stream
  // that has no quorum without it (docs/findings.md).
  usualDrain: 300_000,
  storage: ['plain', 'ext4', 'xfs'],
  refuses({ cluster, scenario, faults }, links) {
    const { replication, replicas = 1 } = scenario.topic;
    const { idempotent, deliveryTimeout } = scenario.workload;
    if (replication === 'async')
      return 'NATS acks what a quorum has, or one replica alone: use --replication quorum or none';
    if (replication === 'quorum' && replicas < quorumReplicasMin)
      return (
        `a quorum that outlives a server takes at least ${quorumReplicasMin} replicas on NATS, not ` +
        `${replicas}: use ${quorumReplicasMin} nodes and as many replicas, or --replication none`
      );
    if (replicas > replicasMax)
      return `NATS keeps at most ${replicasMax} replicas of a stream, not ${replicas}`;
    const without = `leave the faults of ${scenario.name} out (run --no-faults)`;
    if (links === 'shape')
      return (
        'the links of NATS can be cut, on --cluster docker, and neither delayed nor reset, since ' +
        `that takes proxies and its nodes tell each other of one address each; ${without}`
      );
    if (links === 'cut' && cluster === 'process')
      return (
        'the links of NATS cannot be cut on --cluster process, since its nodes tell each other ' +
        `of one address each; use --cluster docker, or ${without}`
      );
    const damaging = faults.find((fault) => harmOf({ ...fault, nodes: [] }) === 'damage');
    if (damaging !== undefined)
      return (
        `${damaging.kind} damages logs whose files are named as those of the reference broker, and ` +
        `NATS keeps others; ${without}`
      );
    if (idempotent && deliveryTimeout > retriedMsMax)
      return (
        `NATS knows a message by its id for ${duplicateWindowMs} ms, so that one that is sent again ` +
        `for ${deliveryTimeout} ms may be stored twice: use a workload.deliveryTimeout of at most ` +
        `${retriedMsMax} ms, or workload.idempotent: false`
      );
    const paused = faults.find((fault) => pausesServer(fault) && lastsMs(fault) > retriedMsMax);
    if (idempotent && paused !== undefined)
      return (
        `NATS knows a message by its id for ${duplicateWindowMs} ms, so that what waits in a server ` +
        `that is paused for ${lastsMs(paused)} ms may be stored twice: pause it for at most ` +
        `${retriedMsMax} ms, or use workload.idempotent: false`
      );
    return undefined;
  },
};

function pausesServer({ kind, target }: PlannedFault): boolean {
  return kind === 'pause' && targetClass(target) === 'node';
}

function lastsMs({ atMs, healAtMs }: PlannedFault): number {
  return healAtMs === null ? 0 : healAtMs - atMs;
}
