import { sustainedMs } from '../checker/recovery/service-return.ts';
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
/** Messages per second: of fewer, seconds without any say nothing. */
const tellingRateMin = 5;
/** Beyond the delivery time-out, after which a producer knows at the latest. */
const answerMsMax = 10_000;

/**
 * After the last phase: resolves with true once the producers have sent all that was due and know
 * what became of it. Whether what a fault has stalled is served again, and for as long as the judge
 * asks (`recovery`), can only be told under load: where the load ended too early for that, they go on
 * with a little of it, for at most the drain.
 */
export async function endLoad(options: {
  readonly plan: Plan;
  readonly fleet: Fleet;
  readonly stop: Pick<StopSwitch, 'sleep' | 'unlessStopped'>;
  readonly originNanos: number;
  /** For how long all had been served when the load ended. */
  readonly servedMs: number;
  readonly onGoOn: (sentence: string) => void;
}): Promise<boolean> {
  const { plan, fleet, stop, originNanos, servedMs, onGoOn } = options;
  const { drain, workload } = plan.scenario;
  if (plan.faults.length > 0) {
    const tooShort =
      servedMs < sustainedMs && (plan.phases.at(-1)?.rate ?? Infinity) >= tellingRateMin;
    if (!tooShort && (await untilDone({ fleet, stop, patienceMs: stalledMs }))) return true;
    const why = tooShort
      ? `all had been served for less than ${sustainedMs} ms at the end of the load`
      : `nothing was sent or acked for ${stalledMs} ms after the load`;
    const phase = goOnPhase(plan, (monotonicNanos() - originNanos) / 1e6);
    onGoOn(
      `${why}, which goes on with ${phase.rate} messages/s until all is served again, ` +
        `for ${drain} ms at most`,
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
