import type { Latency, RunRecord } from '../record/record.ts';
import type { SuiteCell } from '../record/suite.ts';

type Price = NonNullable<SuiteCell['price']>;

const ackedShareMin = 0.99;
const waitingMsMax = 500;

/**
 * What the acks of one rate cost. The rate is **sustained** when, over the measured phases,
 * 1. at least 99 % as many messages were acked as were due: no more is sent than is served;
 * 2. and what was due and still without an answer when they ended is at most what falls due in half
 *    a second: a queue that the warm-up left and that is only kept is no service either.
 * Both come from the record: counts by the time of the ack, so a queue that grows shows in them.
 */
export function priceOf(record: RunRecord): Price {
  const { throughput, latency, validity } = record;
  const missing = [latency.response, latency.endToEnd].some(({ p99 }) => p99 === null);
  return {
    targetRate: throughput.targetRate,
    offered: throughput.offered,
    acked: throughput.acked,
    sustained:
      throughput.acked >= ackedShareMin * throughput.targetRate &&
      waitingAtEnd(record) <= (throughput.targetRate * waitingMsMax) / 1000,
    service: quantiles(latency.service),
    response: quantiles(latency.response),
    endToEnd: quantiles(latency.endToEnd),
    doubtful: [...validity.reasons, ...(missing ? ['too few samples for a 99th percentile'] : [])],
  };
}

/** Messages due by the end of the measured phases and not answered by then. */
function waitingAtEnd({ phases, series }: RunRecord): number {
  const endMs = Math.max(0, ...phases.filter(({ measured }) => measured).map((one) => one.endMs));
  return series
    .filter(({ atMs, widthMs }) => atMs + widthMs <= endMs)
    .reduce((sum, { due, acked, failed, unknown }) => sum + due - acked - failed - unknown, 0);
}

function quantiles({ p50, p99, p999 }: Latency): Price['service'] {
  return { p50, p99, p999 };
}
