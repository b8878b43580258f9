import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BenchRow } from './row.ts';

const rate = 20_000;
/** Seconds since the command was given: heaps have found their size before the first window. */
const early = { from: 30, to: 40 };
const late = { from: 110, to: 120 };
const growthMax = 1.1;

/**
 * Whether the harness's memory grows with the length of a run: all its processes (the command, the
 * supervisor, the load workers; not the nodes) in one real run, the sum of their resident memory
 * early and late in the load. Judging, which comes after, has a figure of its own.
 */
export async function memoryBench(): Promise<BenchRow[]> {
  const output = mkdtempSync(join(tmpdir(), 'ackworth-memory-'));
  const main = fileURLToPath(new URL('../../../bin/ackworth.js', import.meta.url));
  const child = spawn(
    process.execPath,
    [main, 'run', 'steady', '--no-faults', '--seed', '1', '--out', output].concat([
      '--rate',
      `${rate}`,
      '--duration',
      `${late.to + 10}s`,
    ]),
    { stdio: 'ignore' },
  );
  const exited = once(child, 'exit') as Promise<[number | null]>;
  try {
    const earlyMegabytes = await residentOver(child.pid!, early);
    const lateMegabytes = await residentOver(child.pid!, {
      from: late.from - early.to,
      to: late.to - early.to,
    });
    const [code] = await exited;
    const growth = lateMegabytes / earlyMegabytes;
    const goal = `ratio <= ${growthMax}`;
    return [
      {
        name: `harness: resident memory after ${late.to} s of ${rate.toLocaleString('en-US')}/s, to after ${early.to} s`,
        value: lateMegabytes,
        unit: 'MB',
        probe: earlyMegabytes,
        ratio: growth,
        goal,
        met: growth <= growthMax && code === 0,
      },
    ];
  } finally {
    child.kill('SIGINT');
    await exited;
    rmSync(output, { recursive: true, force: true });
  }
}

/** Median in MB over a span, in seconds from now. */
async function residentOver(
  pid: number,
  span: { readonly from: number; readonly to: number },
): Promise<number> {
  await sleep(span.from * 1000);
  const samples: number[] = [];
  for (let second = span.from; second < span.to; second++) {
    samples.push(harnessOf(pid).reduce((sum, each) => sum + residentMegabytes(each), 0));
    await sleep(1000);
  }
  return samples.toSorted((a, b) => a - b)[samples.length >> 1]!;
}

/** A process and all below it, without the nodes of the cluster. */
function harnessOf(pid: number): number[] {
  if (commandOf(pid).includes('/broker/server/')) return [];
  return [pid, ...childrenOf(pid).flatMap(harnessOf)];
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' '))
    .filter((child) => child !== '')
    .map(Number);
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
}

function residentMegabytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) / 1024;
}
