import type { Cluster } from '../cluster/cluster.ts';
import type { Driver, Session } from '../driver/driver.ts';
import { monotonicNanos } from '../measure/clock.ts';
import type { Plan } from '../scenario/plan-types.ts';
import { DrainWatch, type LogEnds } from './drain.ts';
import { finalRead, type FinalReadOptions } from './final-read.ts';
import type { Fleet } from './fleet.ts';
import type { HarnessHistory } from './harness-history.ts';
import type { Stage } from './run-types.ts';
import type { StopSwitch } from './stop-switch.ts';

export interface DrainAndReadOptions {
  readonly run: string;
  readonly plan: Plan;
  readonly driver: Driver;
  readonly session: Session;
  readonly cluster: Pick<Cluster, 'state'>;
  readonly fleet: Fleet;
  readonly stop: StopSwitch;
  readonly history: HarnessHistory;
  readonly historyDirectory: string;
  readonly onStage: (stage: Stage) => void;
  /** All that is due was sent and delivered, and the workers are still there. */
  readonly onDrained: () => Promise<void>;
}

const readPatienceMs = 20_000;
/** Nobody starts again a node that has ended by now. */
const endedPatienceMs = 500;
const quietNanosMin = 5e9;
/** A drain that took so much longer than it had to is worth a word. */
const lateNanos = 5e9;
/** Beyond the session time-out, after which what a dead member held is given to another. */
const redeliveryNanos = 2e9;

/**
 * After the load: the log is read to its end through the leaders, which says how far the consumers
 * have to come; they catch up and leave; then every node's own copy is read.
 */
export async function drainAndRead(options: DrainAndReadOptions): Promise<void> {
  const { plan, driver, cluster, fleet, stop, history, onStage, onDrained } = options;
  const { replayable, readEachReplica } = driver.capabilities;
  onStage('draining');
  const ends = replayable ? await read(options, { node: 0, ends: [] }) : [];
  await drain(options, ends);
  await stop.unlessStopped(onDrained());
  history.phase('final-read');
  onStage('reading');
  await stop.unlessStopped(Promise.all(fleet.all.map((worker) => worker.stop())));
  if (replayable && readEachReplica) {
    const nodes = Array.from({ length: plan.scenario.nodes }, (_, index) => index + 1);
    const states = await stop.unlessStopped(Promise.all(nodes.map((node) => cluster.state(node))));
    const reads = nodes.map((node, index) =>
      read(options, {
        node,
        ends,
        ...(states[index] === 'stopped' ? { patienceMs: endedPatienceMs } : {}),
      }),
    );
    await Promise.all(reads);
  }
  history.phase('done');
}

async function drain(
  { plan, driver, fleet, stop, history }: DrainAndReadOptions,
  ends: readonly LogEnds[],
): Promise<void> {
  if (fleet.consumers.length === 0) return;
  const drainMs = plan.scenario.drain;
  const competing = driver.capabilities.competingConsumers;
  const sessionNanos = plan.scenario.workload.sessionTimeout * 1e6;
  const quietNanos = Math.max(quietNanosMin, competing ? sessionNanos + redeliveryNanos : 0);
  const watch = new DrainWatch({ fleet, ends, quietNanos, competing });
  const began = monotonicNanos();
  const deadline = began + drainMs * 1e6;
  while (!watch.drained(monotonicNanos())) {
    if (monotonicNanos() > deadline) {
      history.note('harness', `the consumers did not catch up within ${drainMs} ms`);
      return;
    }
    for (const consumer of fleet.consumers) consumer.askForProgress();
    await stop.sleep(50);
  }
  const tookNanos = monotonicNanos() - began;
  if (tookNanos > quietNanos + lateNanos)
    history.note('harness', `the consumers caught up within ${(tookNanos / 1e6).toFixed(0)} ms`);
}

function read(
  { run, plan, session, stop, historyDirectory }: DrainAndReadOptions,
  copy: Pick<FinalReadOptions, 'node' | 'ends'> & { readonly patienceMs?: number },
): Promise<readonly LogEnds[]> {
  const { partitions } = plan.scenario.topic;
  return stop.unlessStopped(
    finalRead({
      session,
      run,
      historyDirectory,
      partitions,
      patienceMs: readPatienceMs,
      stop,
      ...copy,
    }),
  );
}
