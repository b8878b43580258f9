import { monotonicNanos } from '../measure/clock.ts';
import type { Plan, PlannedPhase } from '../scenario/plan-types.ts';
import type { Fleet } from './fleet.ts';
import type { StopSwitch } from './stop-switch.ts';
import { untilDone } from './until-done.ts';
import { untilServed } from './until-served.ts';

/** Where nothing gets on for so long after the load, an outage has outlasted it. */
const stalledMs = 3000;
/** Messages per second of each producer in each partition, where the plan had as many. */
const goOnRate = 20;
/** Beyond the delivery time-out, after which a producer knows at the latest. */
const answerMsMax = 10_000;

/**
 * After the last phase: resolves with true once the producers have sent all that was due and know
 * what became of it. Whether what a fault has stalled is served again can only be told under load,
 * so that they go on with a little of it, for at most the drain.
 */
export async function endLoad(options: {
  readonly plan: Plan;
  readonly fleet: Fleet;
  readonly stop: Pick<StopSwitch, 'sleep' | 'unlessStopped'>;
  readonly originNanos: number;
  readonly onGoOn: (sentence: string) => void;
}): Promise<boolean> {
  const { plan, fleet, stop, originNanos, onGoOn } = options;
  const { drain, workload } = plan.scenario;
  if (plan.faults.length > 0) {
    if (await untilDone({ fleet, stop, patienceMs: stalledMs })) return true;
    const phase = goOnPhase(plan, (monotonicNanos() - originNanos) / 1e6);
    onGoOn(
      `nothing was sent or acked for ${stalledMs} ms after the load, which goes on with ` +
        `${phase.rate} messages/s until all is served again, for ${drain} ms at most`,
    );
    for (const producer of fleet.producers) producer.goOn(phase);
    await untilServed({ fleet, stop, patienceMs: drain });
    for (const producer of fleet.producers) producer.enough();
  }
  return untilDone({ fleet, stop, patienceMs: workload.deliveryTimeout + answerMsMax });
}

function goOnPhase({ phases, producers, scenario }: Plan, startMs: number): PlannedPhase {
  const rate = goOnRate * producers.length * scenario.topic.partitions;
  const planned = Math.max(phases.at(-1)?.rate ?? rate, producers.length);
  return {
    name: 'drain',
    startMs,
    endMs: startMs + scenario.drain,
    rate: Math.min(rate, planned),
    arrival: { kind: 'constant' },
    measured: false,
  };
}
