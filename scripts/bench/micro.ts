import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bench } from 'tinybench';
import { realEnv } from '../../broker/env/real/env.ts';
import { markEveryBytes, Segment } from '../../broker/log/segment.ts';
import { createBatch, BatchKind, readBatchHeader } from '../../broker/protocol/batch.ts';
import { crc32c } from '../../broker/protocol/crc32c.ts';
import { decodeRequest } from '../../broker/protocol/messages.ts';
import { encodeProduce } from '../../broker/protocol/produce.ts';
import { loadDriver } from '../../harness/driver/registry.ts';
import { openHistory } from '../../harness/judge/judge.ts';
import { judgeHistory } from '../../harness/judge/judge-history.ts';
import { dense, planOf, writeHistory } from './checker-history.ts';
import type { BenchRow } from './row.ts';

const judgedMessages = 20_000;
const segmentBytes = 256 * 1024 * 1024;

/**
 * The small parts of the hot path under tinybench: nanoseconds per operation, median. They have no
 * goal of their own; they say where the broker's figures come from.
 */
export async function microBench(): Promise<BenchRow[]> {
  const directory = mkdtempSync(join(tmpdir(), 'ackworth-micro-'));
  try {
    return await measure(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(directory: string): Promise<BenchRow[]> {
  const record = Buffer.alloc(108, 7);
  const one = createBatch({ kind: BatchKind.records, recordCount: 1 }, record);
  const large = Buffer.alloc(10_800, 7);
  const [head, batch] = encodeProduce(1, { topicId: 1, partition: 0, batch: one });
  const frame = Buffer.concat([head, batch]).subarray(4);
  const segment = segmentWithMarks(directory);
  let offset = 0;
  writeHistory(directory, { messages: judgedMessages, offsetOf: dense });
  const { capabilities } = await loadDriver('reference');
  const plan = planOf(judgedMessages);
  const bench = new Bench({ time: 500, warmupTime: 100 });
  bench
    .add('codec: encode a produce request', () => {
      encodeProduce(1, { topicId: 1, partition: 0, batch: one });
    })
    .add('codec: decode a produce request', () => {
      decodeRequest(frame);
    })
    .add('codec: read a batch header', () => {
      readBatchHeader(one);
    })
    .add('CRC-32C of 100 bytes', () => {
      crc32c(record);
    })
    .add('CRC-32C of 10,800 bytes', () => {
      crc32c(large);
    })
    .add('sparse index of a full segment: look an offset up', () => {
      offset = (offset + 7919) % segmentBytes;
      segment.markOfOffset(offset);
    })
    .add(`checkers: judge a history of ${judgedMessages.toLocaleString('en-US')} messages`, () => {
      const circumstances = { plan, capabilities, exposures: new Map() };
      judgeHistory(openHistory(directory, plan), circumstances, unmeasured);
    });
  await bench.run();
  return bench.tasks.map(({ name, result }) => {
    if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`);
    return {
      name,
      value: result.latency.p50 * 1e6,
      unit: 'ns',
      probe: null,
      ratio: null,
      goal: '-',
      met: true,
    };
  });
}

const unmeasured = {
  doubts: [],
  responseP99Ms: null,
  due: { due: 0, acked: 0, failed: 0 },
  endToEndP99Ms: null,
  ackedPerSecond: null,
};

/** As many marks as a segment of 256 MiB has; an offset per byte, since only the search counts. */
function segmentWithMarks(directory: string): Segment {
  const header = { baseIndex: 1, baseOffset: 0, previousTerm: 0, generation: 1 };
  const segment = new Segment(realEnv(directory).disk, 'segment', header);
  for (let at = markEveryBytes; at < segmentBytes; at += markEveryBytes) {
    segment.marks.push({ index: at, offset: at, position: at });
  }
  return segment;
}
