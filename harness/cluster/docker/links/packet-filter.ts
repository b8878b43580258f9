import { execFile, spawn } from 'node:child_process';
import { monotonicNanos } from '../../../measure/clock.ts';

const dropChain = 'ACKWORTH-DROP';
const passedChain = 'ACKWORTH-PASSED';

/** Everything that is dropped goes no further than the first chain, so that the second counts what passed. */
export function setUp(sources: readonly string[]): string {
  return restoring([
    `:${dropChain} - [0:0]`,
    `:${passedChain} - [0:0]`,
    `-A INPUT -j ${dropChain}`,
    `-A INPUT -j ${passedChain}`,
    ...sources.map((source) => `-A ${passedChain} -s ${source}/32 -p tcp`),
  ]);
}

/** Takes the place of what was dropped before, at one instant. */
export function dropping(sources: readonly string[]): string {
  return restoring([
    `:${dropChain} - [0:0]`,
    ...sources.map((source) => `-A ${dropChain} -s ${source}/32 -j DROP`),
  ]);
}

/** From what `iptables-save -c` prints: `[packets:bytes] -A ACKWORTH-PASSED -s 10.1.2.3/32 -p tcp`. */
export function bytesPassed(saved: string, sources: readonly string[]): number {
  const line = /^\[\d+:(\d+)\] -A ACKWORTH-PASSED -s ([\d.]+)\/32 -p tcp/gm;
  let sum = 0;
  for (const [, bytes, source = ''] of saved.matchAll(line))
    if (sources.includes(source)) sum += Number(bytes);
  return sum;
}

function restoring(lines: readonly string[]): string {
  return ['*filter', ...lines, 'COMMIT', ''].join('\n');
}

/** Of the network namespace of this process. Resolves with the time at which it is in force. */
export async function restore(rules: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const child = spawn('iptables-restore', ['--noflush', '--wait'], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`iptables-restore: ${said.trim() || `exit code ${code}`}`));
    });
    child.stdin.end(rules);
  });
  return monotonicNanos();
}

export function save(): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('iptables-save', ['-c', '-t', 'filter'], (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(error);
    });
  });
}
