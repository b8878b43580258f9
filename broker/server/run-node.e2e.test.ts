import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const main = fileURLToPath(new URL('../../dist/broker/server/main.js', import.meta.url));
let directory: string;
let config: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ackworth-run-node-'));
  config = JSON.stringify({
    nodeId: 1,
    nodes: [{ id: 1, clientAddress: '127.0.0.1:0' }],
    dataDirectory: join(directory, 'data'),
    token: 'secret',
    logLevel: 'silent',
  });
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Its input is at its end: once it is up it stops in good order. */
function run(args: readonly string[], env: Record<string, string> = {}) {
  const options = { input: '', encoding: 'utf8', env: { ...process.env, ...env } } as const;
  return spawnSync(process.execPath, [main, ...args, '--exit-with-parent'], options);
}

test('a node takes its configuration from an argument, a file, or the environment', () => {
  const file = join(directory, 'node.json');
  writeFileSync(file, config);
  for (const { status, stdout, stderr } of [
    run(['--config', config]),
    run(['--config-file', file]),
    run(['--config-env', 'NODE_CONFIG'], { NODE_CONFIG: config }),
  ]) {
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ ready: true, nodeId: 1 });
    expect(status).toBe(0);
  }
});

test.each([
  [['--config-env', 'NOT_SET'], 'the environment has no NOT_SET with a configuration'],
  [['--config-file', '/nowhere'], 'cannot read the configuration /nowhere'],
])('%j is refused in one sentence', (args, sentence) => {
  const { status, stderr } = run(args);
  expect(stderr).toBe(`invalid-request: ${sentence}\n`);
  expect(status).toBe(1);
});
