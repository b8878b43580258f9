import { setTimeout as sleep } from 'node:timers/promises';
import type { SupervisedCluster } from '../cluster/supervised-cluster.ts';
import type { Roles, Session } from '../driver/driver.ts';
import type { FaultSite, Inspection, Victim } from '../fault/fault.ts';
import { HarnessError } from '../errors.ts';
import { monotonicNanos } from '../measure/clock.ts';
import { choose, nodeOfRole, nodesOfTarget } from '../nemesis/roles.ts';
import type { PlannedFault } from '../scenario/plan-types.ts';
import { targetClass } from '../scenario/targets.ts';
import type { Fleet } from './fleet.ts';
import type { Worker } from './worker.ts';

export interface VictimOptions {
  readonly cluster: SupervisedCluster;
  readonly fleet: Fleet;
  readonly session: Session;
  /** Names of the consumer groups. */
  readonly groups: readonly string[];
  /** Reads a node's own copy into the history. */
  readonly inspect: (node: number) => Promise<Inspection>;
}

/** An election may be under way when a role is asked for. */
const roleMsMax = 5_000;
const settleMsMax = 15_000;
/** Workers report each second, so that a window of this length holds a report of each. */
const settleWindowMs = 1_500;
const servedShare = 0.9;

/** Finds out where a planned fault is to act, at the moment at which it is due. */
export async function resolveSite(fault: PlannedFault, options: VictimOptions): Promise<FaultSite> {
  return {
    victims: await resolveVictims(fault, options),
    options: fault.options,
    seed: fault.seed,
    roles: () => options.session.roles(),
    ...(options.cluster.links && { links: options.cluster.links }),
  };
}

async function resolveVictims(fault: PlannedFault, options: VictimOptions): Promise<Victim[]> {
  const aimed = targetClass(fault.target);
  if (aimed !== 'node') {
    const workers = aimed === 'consumer' ? options.fleet.consumers : options.fleet.producers;
    const running = await only(workers, async (worker) => (await worker.state()) === 'running');
    const chosen = choose(running, fault.pick);
    if (!chosen) throw new HarnessError('cluster', `no ${aimed} is running`);
    return [workerVictim(chosen)];
  }
  const deadline = monotonicNanos() + roleMsMax * 1e6;
  const groups = fault.target === 'group-leader' ? options.groups : undefined;
  for (;;) {
    const { cluster } = options;
    const nodes = Array.from({ length: cluster.nodes }, (_, index) => index + 1);
    const running = await only(nodes, async (node) => (await cluster.state(node)) === 'running');
    const named = nodesOfTarget(fault.target, running);
    if (named !== undefined && named.length > 0)
      return named.map((node) => nodeVictim(options, node));
    const roles = needsRoles(fault.target)
      ? await currentRoles(options.session, groups)
      : { leaders: [], coordinator: 0 };
    const node =
      named === undefined && roles
        ? nodeOfRole(fault.target, roles, running, fault.pick)
        : undefined;
    if (node !== undefined) return [nodeVictim(options, node)];
    if (monotonicNanos() > deadline)
      throw new HarnessError('cluster', `nobody was ${fault.target} within ${roleMsMax} ms`);
    await sleep(50);
  }
}

/**
 * Waits until all nodes answer, every partition has a leader and what is sent is acked again,
 * within limits and until `signal` is aborted: as one would between the nodes of an upgrade.
 */
export async function settle(
  { cluster, session, fleet }: VictimOptions,
  signal: AbortSignal,
): Promise<void> {
  const pause = (ms: number): Promise<void> =>
    sleep(ms, undefined, { signal }).catch(() => undefined);
  const deadline = monotonicNanos() + settleMsMax * 1e6;
  const nodes = Array.from({ length: cluster.nodes }, (_, index) => index + 1);
  while (!signal.aborted && monotonicNanos() < deadline) {
    const answering = await only(nodes, (node) => cluster.answers(node));
    const roles = await currentRoles(session);
    if (answering.length < cluster.nodes || !roles || roles.leaders.includes(0)) {
      await pause(100);
      continue;
    }
    const before = fleet.totals();
    await pause(settleWindowMs);
    const after = fleet.totals();
    if (after.acked - before.acked >= servedShare * (after.sent - before.sent)) return;
  }
}

function needsRoles(target: string): boolean {
  return ['leader', 'follower', 'coordinator', 'group-leader'].includes(target);
}

async function currentRoles(
  session: Session,
  groups?: readonly string[],
): Promise<Roles | undefined> {
  try {
    return await session.roles(groups);
  } catch {
    return undefined;
  }
}

async function only<T>(all: readonly T[], test: (one: T) => Promise<boolean>): Promise<T[]> {
  const passed = await Promise.all(all.map(test));
  return all.filter((_, index) => passed[index]);
}

function nodeVictim({ cluster, inspect }: VictimOptions, node: number): Victim {
  const container = cluster.container(node);
  return {
    target: 'node',
    number: node,
    name: `node ${node}`,
    housing: cluster.housing,
    pid: () => cluster.pid(node),
    start: () => cluster.start(node),
    stop: () => cluster.stop(node),
    kill: () => cluster.kill(node),
    pause: () => cluster.pause(node),
    resume: () => cluster.resume(node),
    state: () => cluster.state(node),
    answers: () => cluster.answers(node),
    disk: cluster.disk(node),
    ...(container && { container }),
    trial: {
      launch: () => cluster.launch(node),
      excuse: () => cluster.excuse(node),
      complaints: () => cluster.complaints(node),
      inspect: () => inspect(node),
    },
  };
}

function workerVictim(worker: Worker): Victim {
  return {
    target: worker.kind,
    number: worker.number,
    name: `${worker.kind} ${worker.number}`,
    housing: worker.housing,
    pid: () => worker.pid(),
    start: async () => {
      await worker.launch();
      return monotonicNanos();
    },
    stop: () => worker.stop(),
    kill: () => worker.kill(),
    pause: () => worker.pause(),
    resume: () => worker.resume(),
    state: () => worker.state(),
    answers: () => worker.answers(),
  };
}
