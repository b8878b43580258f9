import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createListener } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { knownToHang, openEngine } from './engine.ts';

const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

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

const current = { Version: '28.2.2', ApiVersion: '1.50', Os: 'linux' };

function engineThatAnswers(status: number, body: object): Promise<string> {
  return engineThat(() => [status, body]);
}

async function engineThat(
  answers: (request: IncomingMessage) => readonly [status: number, body: object],
): Promise<string> {
  const path = join(folder, 'docker.sock');
  server = createServer((request, response) => {
    const [status, body] = answers(request);
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

test('where no engine answers, the run is refused in one sentence and nothing is left behind', async () => {
  expect(await refusedRun('unix:///nowhere/docker.sock')).toBe(
    'no Docker Engine answers at unix:///nowhere/docker.sock (DOCKER_HOST): ENOENT; ' +
      'start one, or choose another with DOCKER_HOST or `docker context use`',
  );
});

test('where the engine is too old, the run is refused in one sentence and nothing is left behind', async () => {
  const old = { Version: '19.03.15', ApiVersion: '1.40', Os: 'linux' };
  expect(await refusedRun(await engineThatAnswers(200, old))).toBe(
    'Docker Engine 19.03.15 (API 1.40) is too old: API 1.41 is needed, which Docker 20.10 and later have',
  );
});

test.skipIf(process.getuid?.() !== 0)(
  'where the socket may not be used, the run is refused in one sentence and nothing is left behind',
  async () => {
    const host = await engineThatAnswers(200, {});
    chmodSync(folder, 0o755);
    expect(await refusedRun(host, asNobody)).toBe(
      `no permission on the Docker Engine at ${host} (DOCKER_HOST): run as root, or join the group ` +
        'that owns its socket, mostly "docker", and log in again',
    );
  },
);

test('where there is no image and none can be made, the run is refused in one sentence and nothing is left behind', async () => {
  const host = await engineThat(({ url = '' }) => {
    if (url.startsWith('/version')) return [200, current];
    return [404, { message: url.startsWith('/images/create') ? 'no registry' : 'no such image' }];
  });
  const said = await refusedRun(host, [], { PATH: folder });
  expect(said).toMatch(
    /^there is no image to run nodes in: node:\S+ cannot be had \(no registry\), and ldd does not tell what \S+ is linked with: spawnSync ldd ENOENT$/,
  );
});

/** What a run on this engine says when it is refused, without its prefix. */
async function refusedRun(
  host: string,
  before: readonly string[] = [],
  changes: NodeJS.ProcessEnv = {},
): Promise<string> {
  const run = [resolve('bin/ackworth.js'), 'run', 'steady', '--cluster', 'docker', '--seed', '1'];
  const [command = '', ...args] = [...before, process.execPath, ...run];
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...process.env, DOCKER_HOST: host, NO_COLOR: '1', ...changes },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (text: Buffer) => (said.stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (said.stderr += text.toString()));
  expect(await new Promise((done) => child.once('close', done))).toBe(1);
  expect(said.stdout).toBe('');
  expect(existsSync(join(folder, 'runs'))).toBe(false);
  const [seed, ...rest] = said.stderr.trimEnd().split('\n');
  expect(seed).toBe('steady, seed 1');
  const refusal = rest.pop() ?? '';
  // What is said before is what takes long.
  expect(rest.filter((line) => !line.startsWith('Start the cluster: making the image'))).toEqual(
    [],
  );
  return refusal.replace(/^ackworth: /, '');
}

test('an engine that is too old, or runs other containers, is told from one that is not there', async () => {
  const old = { Version: '19.03.15', ApiVersion: '1.40', Os: 'linux' };
  expect(await refusal(await engineThatAnswers(200, old))).toMatch(
    /^Docker Engine 19.03.15 \(API 1.40\) is too old/,
  );
  server?.close();
  const windows = { Version: '28.0.0', ApiVersion: '1.50', Os: 'windows' };
  expect(await refusal(await engineThatAnswers(200, windows))).toMatch(/runs windows containers/);
});

test('an engine that refuses is quoted', async () => {
  const host = await engineThatAnswers(503, { message: 'starting up' });
  expect(await refusal(host)).toMatch(/: it answers 503, starting up; start one/);
});

test('what is no engine, and has nothing to say, is told by its status', async () => {
  expect(await refusal(await engineThatAnswers(404, { message: '' }))).toMatch(
    /: it answers 404; start one/,
  );
});

test('an engine that says nothing is not waited for', async () => {
  const path = join(folder, 'docker.sock');
  const silent = createListener((socket) => socket.on('error', () => undefined).resume());
  await new Promise<void>((listening) => silent.listen(path, listening));
  const opened = openEngine({ host: `unix://${path}`, chosenBy: 'DOCKER_HOST' }, 200);
  await expect(opened).rejects.toThrow(
    `no Docker Engine answers at unix://${path} (DOCKER_HOST): no answer within 200 ms; start one`,
  );
  await new Promise((closed) => silent.close(closed));
});

test('an engine that is there and does not tell what it is, is told so', async () => {
  const path = join(folder, 'docker.sock');
  const locked = createServer(({ url }, response) => {
    if (/_ping|version/.test(url ?? '')) response.end(JSON.stringify(current));
  });
  await new Promise<void>((listening) => locked.listen(path, listening));
  const opened = openEngine({ host: `unix://${path}`, chosenBy: 'DOCKER_HOST' }, 1000);
  await expect(opened).rejects.toThrow(
    `the Docker Engine at unix://${path} did not answer GET /info within 6 s, though it answers others`,
  );
  locked.closeAllConnections();
  await new Promise((closed) => locked.close(closed));
});

test('an engine that is known to hang is told of', () => {
  expect(knownToHang('20.10.24+dfsg1')).toMatch(/^Engine 20\.10\.24\+dfsg1 may lock itself up/);
  for (const version of ['20.10.27', '23.0.0', '28.3.3', '4.3.1'])
    expect(knownToHang(version)).toBeUndefined();
});

test('a current engine is taken', async () => {
  expect(await refusal(await engineThatAnswers(200, current))).toBe('taken');
});

test.skipIf(process.getuid?.() !== 0)(
  'a socket without permission is told, with the group that has it',
  async () => {
    const host = await engineThatAnswers(200, {});
    const script = `
    const { openEngine } = await import(process.argv[1]);
    await openEngine({ host: process.argv[2], chosenBy: 'default' }).catch((error) => console.log(error.message));`;
    const [command = '', ...args] = asNobody;
    const { stdout } = spawnSync(
      command,
      [
        ...args,
        process.execPath,
        '--input-type=module',
        '-e',
        script,
        resolve('dist/harness/cluster/docker/engine.js'),
        host,
      ],
      { encoding: 'utf8' },
    );
    expect(stdout).toMatch(
      /^no permission on the Docker Engine at unix:.+: run as root, or join the group/,
    );
  },
);
