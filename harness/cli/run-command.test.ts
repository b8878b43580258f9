import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCommand } from './run-command.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ackworth-run-command-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]) => runCommand().parseAsync(args, { from: 'user' });

function scenarioFile(name: string, faults: readonly object[] = []): string {
  const file = join(folder, `${name}.scenario.json`);
  const phases = [{ name: 'main', duration: '10s', faults }];
  writeFileSync(file, JSON.stringify({ name, question: 'Does it hold?', phases }));
  return file;
}

test('a broker that keeps nothing is refused and leaves no folder', async () => {
  const output = join(folder, 'runs');
  await expect(run('tour', '--target', 'null', '--out', output)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('keeps no messages') as string,
  });
  expect(existsSync(output)).toBe(false);
  expect(readdirSync(folder)).toEqual([]);
});

test('of several scenarios one that cannot be run is refused before the first is begun', async () => {
  const plain = scenarioFile('plain');
  const apart = scenarioFile('apart', [
    { fault: 'disconnect', target: 'leader', at: '1s', for: '1s' },
  ]);
  // Whoever begins cannot make a folder in a file, and says that instead.
  const output = join(folder, 'runs');
  writeFileSync(output, '');
  await expect(run(plain, apart, '--out', output)).rejects.toMatchObject({
    message: expect.stringContaining('"disconnect" acts on containers') as string,
  });
});
