import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SilentEngine } from './answer-limit.ts';
import { dockerAt } from './engine.ts';
import { finished } from './image/local-image.ts';

// Engines that hang, as servers that do not answer.
const answerMsMax = 400;

let folder: string;
let engine: Server;
let docker: Docker;
let onRequest: (request: IncomingMessage, response: ServerResponse) => void;
let pings: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ackworth-silent-'));
  pings = 0;
  engine = createServer((request, response) => {
    if (request.url === '/_ping') pings++;
    onRequest(request, response);
  });
  const path = join(folder, 'docker.sock');
  await new Promise<void>((listening) => engine.listen(path, listening));
  docker = dockerAt({ host: `unix://${path}`, chosenBy: 'a test' }, answerMsMax);
});

afterEach(async () => {
  engine.closeAllConnections();
  await new Promise((closed) => engine.close(closed));
  rmSync(folder, { recursive: true });
});

const hangs = (): void => undefined;

/** It answers whether it is there, and leaves the rest to a test. */
function alive(rest: (response: ServerResponse) => void) {
  return ({ url }: IncomingMessage, response: ServerResponse): void =>
    url === '/_ping' ? void response.end('OK') : rest(response);
}

async function refusalOf(asked: Promise<unknown>): Promise<string> {
  const error = await asked.then(
    () => 'answered',
    (refused: unknown) => refused,
  );
  expect(error).toBeInstanceOf(SilentEngine);
  return (error as SilentEngine).message;
}

const sentence = /^the Docker Engine at unix:\S+ did not answer within 400 ms: look why it hangs/;

test.each<[string, () => Promise<unknown>]>([
  ['what it holds', () => docker.listContainers()],
  ['to kill', () => docker.getContainer('one').kill()],
  ['how a container ended', () => docker.getContainer('one').wait()],
  ['to attach', () => docker.getContainer('one').attach({ stream: true, hijack: true })],
  ['what happens', () => docker.getEvents({})],
  ['to copy', () => docker.getContainer('one').getArchive({ path: '/keep' })],
])('an engine that hangs is told in one sentence when it is asked %s', async (_, ask) => {
  onRequest = hangs;
  expect(await refusalOf(ask())).toMatch(sentence);
});

test('an engine that hangs in the middle of an answer is told as well', async () => {
  onRequest = ({ url }, response) => {
    if (url === '/_ping') return;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('[{"Id":');
  };
  expect(await refusalOf(docker.listContainers())).toMatch(sentence);
  const making = docker.pull('one').then((steps) => finished(docker, steps));
  expect(await refusalOf(making)).toMatch(sentence);
});

test('an engine that is busy is waited for, and one that never comes to it is not', async () => {
  let stop = false;
  onRequest = alive((response) => {
    if (!stop) setTimeout(() => response.end('[]'), 3 * answerMsMax);
  });
  expect(await docker.listContainers()).toEqual([]);
  stop = true;
  expect(await refusalOf(docker.getContainer('one').kill())).toMatch(
    /did not answer POST \/containers\/one\/kill within 2.4 s, though it answers others: look why/,
  );
});

test('an engine that still hangs is not waited for as long again, until it answers', async () => {
  onRequest = hangs;
  const tookMs = async (): Promise<number> => {
    const began = performance.now();
    await docker.listContainers().catch(() => undefined);
    return performance.now() - began;
  };
  expect(await tookMs()).toBeGreaterThan(0.9 * answerMsMax);
  expect(await tookMs()).toBeLessThan(0.9 * answerMsMax);
  onRequest = alive((response) => void response.end('[]'));
  await docker.ping();
  await docker.listContainers();
  onRequest = alive((response) => void setTimeout(() => response.end('[]'), 1.5 * answerMsMax));
  expect(await docker.listContainers()).toEqual([]);
  onRequest = hangs;
  expect(await tookMs()).toBeGreaterThan(0.9 * answerMsMax);
});

test('what lasts is waited for as long as the engine answers others', async () => {
  onRequest = alive((response) => {
    setTimeout(() => response.end('{"StatusCode":0}'), 8 * answerMsMax);
  });
  expect(await docker.getContainer('one').wait()).toEqual({ StatusCode: 0 });
});

test('what happens is followed without a bound, and what was answered is not asked about', async () => {
  onRequest = (_, response) => void response.write(' ');
  const events = await docker.getEvents({});
  const ended = new Promise((over) => events.once('close', () => over('ended')));
  expect(await Promise.race([ended, sleep(3 * answerMsMax, 'followed')])).toBe('followed');
  expect(pings).toBe(0);
  events.on('error', () => undefined);
});
