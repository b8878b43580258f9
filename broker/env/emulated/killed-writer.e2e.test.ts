import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SimRandom } from '../sim/random.ts';
import { cutPower } from './cut-power.ts';
import { recordBytes, recordOf } from './testing/writer.ts';

const writer = fileURLToPath(
  new URL('../../../dist/broker/env/emulated/testing/writer.js', import.meta.url),
);
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ackworth-killed-'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Kills the writer in the middle of its work; the last number that it said. */
async function writeUntilKilled(syncs: number, delayMs: number): Promise<number> {
  const child = spawn(process.execPath, [writer, root], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text.toString();
    if (said.split('\n').length > syncs) setTimeout(() => child.kill('SIGKILL'), delayMs);
  });
  await new Promise((resolve) => child.once('close', resolve));
  return Number(said.trimEnd().split('\n').at(-1));
}

function liveFile(name: string): Buffer {
  return readFileSync(join(root, 'live', name));
}

function expectAllUpTo(last: number): void {
  const log = liveFile('log');
  for (let number = 0; number <= last; number++) {
    const at = number * recordBytes;
    const found = log.subarray(at, at + recordBytes);
    expect(found.equals(recordOf(number)), `record ${number} is as it was written`).toBe(true);
  }
  const state = liveFile('state');
  expect(state).toEqual(recordOf(state.readDoubleLE(0)));
  expect(state.readDoubleLE(0)).toBeGreaterThanOrEqual(last);
}

test('a writer that is killed and whose power is cut has lost nothing that it synced', async () => {
  const random = new SimRandom(4711);
  for (let round = 0; round < 20; round++) {
    const last = await writeUntilKilled(3 + random.below(20), random.below(10));
    expectAllUpTo(last);
    await cutPower({ root, random });
    expectAllUpTo(last);
  }
});

test('a writer that is only killed finds all that it wrote, time after time', async () => {
  const random = new SimRandom(1);
  for (let round = 0; round < 5; round++) {
    expectAllUpTo(await writeUntilKilled(3 + random.below(10), random.below(10)));
  }
  await cutPower({ root, random });
  const last = liveFile('state').readDoubleLE(0);
  expectAllUpTo(last);
});
