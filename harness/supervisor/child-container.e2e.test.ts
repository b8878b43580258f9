import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startContainer } from './child-container.ts';
import { isStopped, processStatus } from './process-table.ts';
import { Supervisor } from './supervisor.ts';

// An engine in a virtual machine: what it calls a container's process is another process here.
let folder: string;
let stranger: ChildProcess;
/** As the pid of the container's process. */
let told: number;
let engine: Server;
let attached: Duplex[];
let state: { Running: boolean; Paused: boolean };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ackworth-elsewhere-'));
  const idle = [process.execPath, '-e', 'setInterval(() => {}, 1000)'];
  stranger = spawn(idle[0]!, idle.slice(1), { stdio: 'ignore' });
  told = stranger.pid!;
  attached = [];
  state = { Running: true, Paused: false };
  let over = (): void => undefined;
  engine = createServer(({ method, url = '' }, response) => {
    const say = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const acts = url.split('?')[0]!.split('/').at(-1)!;
    if (method === 'DELETE') return say(204, {});
    if (acts === 'create') return say(201, { Id: 'one' });
    if (acts === 'start') state = { Running: true, Paused: false };
    if (acts === 'wait') return void (over = () => say(200, { StatusCode: 137 }));
    if (acts === 'pause') state = { Running: true, Paused: true };
    if (acts === 'unpause') state = { Running: true, Paused: false };
    if (acts === 'kill') {
      state = { Running: false, Paused: false };
      over();
    }
    if (method === 'POST') return say(204, {});
    const State = { ...state, Pid: told, ExitCode: 137, OOMKilled: false };
    say(200, { State, HostConfig: {}, NetworkSettings: {}, Config: { Labels: {} } });
  });
  engine.on('upgrade', (_, socket) => {
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    attached.push(socket);
  });
  const path = join(folder, 'docker.sock');
  await new Promise<void>((listening) => engine.listen(path, listening));
});

afterEach(async () => {
  stranger.kill('SIGKILL');
  for (const socket of attached) socket.destroy();
  engine.closeAllConnections();
  await new Promise((closed) => engine.close(closed));
  rmSync(folder, { recursive: true });
});

const container = {
  image: 'none',
  command: [],
  environment: {},
  user: '1:1',
  networks: [],
  ports: [],
};

/** As the first process of some other container is, for one. */
function inNamespaceOfItsOwn(): number {
  stranger.kill('SIGKILL');
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const idle = [process.execPath, '-e', 'setInterval(() => {}, 1000)'];
  const args = [...asRoot, '--pid', '--fork', '--kill-child', ...idle];
  stranger = spawn('unshare', args, { stdio: 'ignore' });
  for (;;) {
    const parent = stranger.pid!;
    const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8');
    if (children !== '') return Number(children.split(' ')[0]);
  }
}

test.each([
  ['a process of this machine', (): number => stranger.pid!],
  ['a process in a container of this machine', inNamespaceOfItsOwn],
])('%s is left alone that only has the pid of one elsewhere', async (_, pidOf) => {
  const pid = pidOf();
  told = pid;
  const child = await startContainer(
    {
      run: 'elsewhere',
      folder,
      engine: { host: `unix://${join(folder, 'docker.sock')}`, chosenBy: 'a test' },
      name: 'node-1',
      life: 1,
      logFile: join(folder, 'node-1.log'),
      container,
    },
    { onFirstLine: () => undefined, onExit: () => undefined },
  );
  await child.pause();
  expect(state.Paused).toBe(true);
  expect(isStopped(processStatus(pid)!)).toBe(false);
  await child.resume();
  await child.kill();
  expect(child.ending).toBe('SIGKILL');
  expect(processStatus(pid)?.state).not.toBe('Z');
});

/** What a container prints, as an engine passes it on. */
function print(text: string): void {
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, text.length]);
  attached.at(-1)?.write(Buffer.concat([head, Buffer.from(text)]));
}

test('a life is ready once it says so, though an earlier one had the same pid', async () => {
  const nothing = (): void => undefined;
  const supervisor = new Supervisor({
    run: 'again',
    directory: folder,
    onExit: nothing,
    onLost: nothing,
  });
  const host = `unix://${join(folder, 'docker.sock')}`;
  await supervisor.useEngine({ host, chosenBy: 'a test' });
  const life = { name: 'node-1', logFile: join(folder, 'node-1.log'), container };
  const first = await supervisor.contain(life);
  await supervisor.kill('node-1');
  await expect(supervisor.firstLine('node-1', 10_000)).rejects.toThrow('ended before it was ready');
  const second = await supervisor.contain(life);
  expect(second.process.pid).toBe(first.process.pid);
  print('ready\n');
  expect(await supervisor.firstLine('node-1', 10_000)).toBe('ready');
  await supervisor.close();
});
