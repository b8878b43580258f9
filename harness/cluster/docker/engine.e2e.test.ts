import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openEngine } from './engine.ts';

// Engines that cannot be used, as servers that answer as one would.
let folder: string;
let server: Server | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ackworth-engine-'));
});

afterEach(async () => {
  await new Promise((closed) => (server ? server.close(closed) : closed(undefined)));
  server = undefined;
  rmSync(folder, { recursive: true });
});

async function engineThatAnswers(status: number, body: object): Promise<string> {
  const path = join(folder, 'docker.sock');
  server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((listening) => server!.listen(path, listening));
  return `unix://${path}`;
}

async function refusal(host: string): Promise<string> {
  return openEngine({ host, chosenBy: 'DOCKER_HOST' }).then(
    () => 'taken',
    (error: Error) => error.message,
  );
}

test('where no engine answers, the run is refused in one sentence and nothing is left behind', () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [resolve('bin/ackworth.js'), 'run', 'steady', '--cluster', 'docker', '--seed', '1'],
    {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, DOCKER_HOST: 'unix:///nowhere/docker.sock', NO_COLOR: '1' },
    },
  );
  expect(stdout).toBe('');
  expect(stderr).toBe(
    'steady, seed 1\nackworth: no Docker Engine answers at unix:///nowhere/docker.sock (DOCKER_HOST): ENOENT; ' +
      'start one, or choose another with DOCKER_HOST or `docker context use`\n',
  );
  expect(status).toBe(1);
  expect(existsSync(join(folder, 'runs'))).toBe(false);
});

test('an engine that is too old, or runs other containers, is told from one that is not there', async () => {
  const old = { Version: '19.03.15', ApiVersion: '1.40', Os: 'linux' };
  expect(await refusal(await engineThatAnswers(200, old))).toMatch(/^Docker Engine 19.03.15 \(API 1.40\) is too old/);
  server?.close();
  const windows = { Version: '28.0.0', ApiVersion: '1.50', Os: 'windows' };
  expect(await refusal(await engineThatAnswers(200, windows))).toMatch(/runs windows containers/);
});

test('an engine that refuses is quoted', async () => {
  const host = await engineThatAnswers(503, { message: 'starting up' });
  expect(await refusal(host)).toMatch(/: it answers 503, .*starting up/);
});

test('a current engine is taken', async () => {
  const told = { Version: '28.2.2', ApiVersion: '1.50', Os: 'linux' };
  expect(await refusal(await engineThatAnswers(200, told))).toBe('taken');
});

test.skipIf(process.getuid?.() !== 0)('a socket without permission is told, with the group that has it', async () => {
  const host = await engineThatAnswers(200, {});
  const script = `
    const { openEngine } = await import(process.argv[1]);
    await openEngine({ host: process.argv[2], chosenBy: 'default' }).catch((error) => console.log(error.message));`;
  const asNobody = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
  const { stdout } = spawnSync(
    'setpriv',
    [...asNobody, '--input-type=module', '-e', script, resolve('dist/harness/cluster/docker/engine.js'), host],
    { encoding: 'utf8' },
  );
  expect(stdout).toMatch(/^no permission on the Docker Engine at unix:.+: run as root, or join the group/);
});
