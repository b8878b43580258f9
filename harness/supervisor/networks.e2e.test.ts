import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processStatus, signalProcess } from './process-table.ts';
import { Supervisor } from './supervisor.ts';

const tookMs = 2_000;

// An engine that takes its time over a network, and makes it whether or not anybody waits for it.
let folder: string;
let engine: Server;
let supervisor: Supervisor;
let asked: () => void;
let askedFor: Promise<void>;
const networks = new Set<string>();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ackworth-networks-'));
  askedFor = new Promise((resolve) => (asked = resolve));
  engine = createServer((request, response) => {
    const say = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const { method, url = '' } = request;
    const names = [...networks];
    if (method === 'POST') {
      asked();
      void sleep(tookMs).then(() => {
        networks.add('client');
        say(201, { Id: 'client' });
      });
    } else if (method === 'DELETE') {
      networks.delete(url.split('/').at(-1) ?? '');
      say(204, {});
    } else if (url.startsWith('/networks'))
      say(
        200,
        names.map((Name) => ({ Name, Id: Name })),
      );
    else if (url.startsWith('/volumes')) say(200, { Volumes: [] });
    else say(200, []);
  });
  const path = join(folder, 'docker.sock');
  await new Promise<void>((listening) => engine.listen(path, listening));
  const nothing = (): void => undefined;
  supervisor = new Supervisor({ run: 'slow', directory: folder, onExit: nothing, onLost: nothing });
  await supervisor.useEngine({ host: `unix://${path}`, chosenBy: 'a test' });
});

afterEach(async () => {
  await supervisor.close();
  await new Promise((closed) => engine.close(closed));
  rmSync(folder, { recursive: true });
  networks.clear();
});

test('a network that is still being made when its run ends is not left on the engine', async () => {
  const making = supervisor.makeNetwork({ name: 'client', subnet: '10.200.1', internal: false });
  const made = making.catch(() => undefined);
  await askedFor;
  expect(await supervisor.close()).toEqual([]);
  await made;
  await sleep(tookMs);
  expect([...networks]).toEqual([]);
});

test('a network that is still being made when its supervisor is killed is not left either', async () => {
  const making = supervisor.makeNetwork({ name: 'client', subnet: '10.200.1', internal: false });
  const made = making.catch(() => undefined);
  await askedFor;
  signalProcess(processStatus(supervisor.pid)!, 'SIGKILL');
  await made;
  expect(await supervisor.close()).toEqual([]);
  await sleep(tookMs);
  expect([...networks]).toEqual([]);
});
