import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Target } from '../../harness/driver/driver.ts';
import { natsDriver } from '../../harness/driver/nats/driver.ts';
import { newCluster } from '../../harness/driver/nats/testing/start-cluster.ts';
import { whyNoServer } from '../../harness/driver/nats/testing/why-no-server.ts';
import type { PublishJob, PublishResult } from './nats-publisher.ts';
import type { BenchRow } from './row.ts';

const pairs = 11;
const payloadBytes = 1024;
const rate = 2000;
const inFlight = 1000;
const warmUpMs = 1000;
const measureMs = 1500;

/**
 * What our driver adds to the official client, on one server with the kernel's own syncs, so that
 * the broker hides as little of it as can be. The probe is a bare loop with that client, at the same
 * rate, size and number in flight. Driver and loop are run in turn, in processes of their own, the
 * first of each pair by turns; the ratio is the median of the pairs' own ratios.
 */
export async function natsBench(): Promise<BenchRow[]> {
  const missing = await whyNoServer();
  if (missing !== undefined) {
    process.stderr.write(`nats is left out: ${missing}\n`);
    return [];
  }
  const { cluster, close } = newCluster(1);
  try {
    await cluster.up();
    const found: Pair[] = [];
    for (let pair = 1; pair <= pairs; pair++) {
      const run = (by: PublishJob['by']): Promise<PublishResult> =>
        publish(by, cluster.target(`bench-${by}-${pair}`));
      if (pair % 2 === 1) {
        const driver = await run('driver');
        found.push({ driver, client: await run('client') });
      } else {
        const client = await run('client');
        found.push({ client, driver: await run('driver') });
      }
    }
    const clean = found.every(({ driver, client }) => driver.errors + client.errors === 0);
    const service = middle(found, ({ serviceMicrosP50 }) => serviceMicrosP50);
    const acks = middle(found, ({ acksPerSecond }) => acksPerSecond);
    return [
      {
        name: `NATS driver, ${rate}/s of ${payloadBytes} bytes: service p50`,
        ...service,
        unit: 'us',
        goal: 'ratio <= 1.1',
        met: clean && service.ratio <= 1.1,
      },
      {
        name: `NATS driver, ${inFlight} in flight`,
        ...acks,
        unit: 'messages/s',
        goal: 'ratio >= 0.85',
        met: clean && acks.ratio >= 0.85,
      },
    ];
  } finally {
    await close();
  }
}

interface Pair {
  readonly driver: PublishResult;
  readonly client: PublishResult;
}

async function publish(by: PublishJob['by'], target: Target): Promise<PublishResult> {
  const session = await natsDriver().connect(target);
  await session.createTopic({
    partitions: 1,
    replicas: 1,
    flush: 'os',
    replication: 'none',
    flushIntervalMs: 0,
    segmentBytes: 0,
  });
  await session.close();
  const job: PublishJob = { by, target, payloadBytes, rate, inFlight, warmUpMs, measureMs };
  const path = fileURLToPath(new URL('./nats-publisher.js', import.meta.url));
  const child = spawn(process.execPath, [path], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(job));
  let said = '';
  for await (const chunk of child.stdout) said += String(chunk);
  return JSON.parse(said) as PublishResult;
}

/** The pair whose ratio is the median. */
function middle(
  found: readonly Pair[],
  figureOf: (result: PublishResult) => number,
): Pick<BenchRow, 'value' | 'probe'> & { readonly ratio: number } {
  const all = found
    .map(({ driver, client }) => ({ value: figureOf(driver), probe: figureOf(client) }))
    .map(({ value, probe }) => ({ value, probe, ratio: value / probe }))
    .sort((a, b) => a.ratio - b.ratio);
  return all[Math.floor(all.length / 2)]!;
}
