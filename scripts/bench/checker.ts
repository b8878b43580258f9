import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Judged } from './checker-child.ts';
import { dense, sparse, writeHistory } from './checker-history.ts';
import type { Layout } from './checker-history.ts';
import type { BenchRow } from './row.ts';

const run = promisify(execFile);
const small = 1_000_000;
const large = 10_000_000;

/**
 * Time and memory of judging: 4 events per message through the real writer (about 1.4 GB for 10
 * million messages, in the system's temporary folder), judged in a process of its own, reading
 * included. The probe is the time to read and verify the same files and do nothing else.
 */
export async function checkerBench(): Promise<BenchRow[]> {
  const one = await measured({ messages: small, offsetOf: dense });
  const far = await measured({ messages: small, offsetOf: sparse });
  const ten = await measured({ messages: large, offsetOf: dense });
  const growth = ten.judgeSeconds / one.judgeSeconds;
  const drift = far.judgeSeconds / one.judgeSeconds;
  const extra = far.peakMegabytes / one.peakMegabytes;
  const row = (
    name: string,
    value: number,
    unit: string,
    goal: string,
    met: boolean,
  ): BenchRow => ({ name: `checker: ${name}`, value, unit, probe: null, ratio: null, goal, met });
  return [
    {
      ...row(
        '10 million messages judged',
        ten.judgeSeconds,
        's',
        '<= 40 s',
        ten.judgeSeconds <= 40,
      ),
      probe: ten.readSeconds,
      ratio: ten.judgeSeconds / ten.readSeconds,
    },
    row(
      'memory for 10 million messages',
      ten.peakMegabytes,
      'MB',
      '<= 600 MB',
      ten.peakMegabytes <= 600,
    ),
    row('time, 10 million to 1 million', growth, 'x', '<= 12', growth <= 12),
    row(
      'time, offsets from 2^40 with gaps of 10^6 to dense ones',
      drift,
      'x',
      '<= 1.5',
      drift <= 1.5,
    ),
    row(
      'memory, offsets from 2^40 with gaps of 10^6 to dense ones',
      extra,
      'x',
      '<= 1.2',
      extra <= 1.2,
    ),
  ];
}

async function measured(layout: Layout): Promise<Judged> {
  const directory = mkdtempSync(join(tmpdir(), 'ackworth-checker-'));
  try {
    writeHistory(directory, layout);
    const here = fileURLToPath(import.meta.url);
    const child = join(here, '..', `checker-child${extname(here)}`);
    const args = [child, directory, String(layout.messages), String(layout.offsetOf === dense)];
    const { stdout } = await run(process.execPath, args);
    const judged = JSON.parse(stdout) as Judged;
    assert.equal(judged.verdict, 'pass', judged.reasons.join('; '));
    assert.equal(judged.acked, layout.messages);
    return judged;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
