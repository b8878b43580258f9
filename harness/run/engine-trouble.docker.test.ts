import { existsSync, readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { engineEndpoint } from '../cluster/docker/endpoint.ts';
import {
  EngineBetween,
  type EngineAnswer,
  type EngineRequest,
} from '../cluster/docker/testing/engine-between.ts';
import { OwnEngine } from '../cluster/docker/testing/own-engine.ts';
import { whyNoEngine } from '../cluster/docker/testing/why-no-engine.ts';
import { readRecord } from '../record/read.ts';
import { readFacts } from './run-facts.ts';
import { DockerRuns, heldOf, nothingHeld, type RunUnderWay } from './testing/docker-runs.ts';

// What engines do to a run that it did not ask for.
const noEngine = await whyNoEngine();
const noRoot = noEngine ?? (process.getuid?.() === 0 ? undefined : 'starting an engine needs root');
const because = (missing: string | undefined): string =>
  missing === undefined ? '' : ` (skipped: ${missing})`;

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const steady = [{ name: 'steady', duration: '30s' }];

describe.skipIf(noRoot !== undefined)(`an engine of its own${because(noRoot)}`, () => {
  let engine: OwnEngine;

  beforeAll(async () => {
    engine = new OwnEngine();
    await engine.start();
  });

  afterAll(() => engine.close());

  async function underWay(): Promise<{
    readonly runs: DockerRuns;
    readonly run: RunUnderWay;
    readonly id: string;
  }> {
    const runs = new DockerRuns(engine);
    closing.push(() => runs.close());
    const run = runs.start(runs.writeScenario(steady));
    await runs.untilSaid(run, /phase steady/);
    return { runs, run, id: runs.state().run };
  }

  const sentence = /the Docker Engine at unix:\S+ went away in mid-run/;

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'that is restarted in mid-run (%s) is told in one sentence, and nothing is left on it',
    async (signal) => {
      const { runs, run, id } = await underWay();
      await engine.end(signal);
      await engine.start();
      expect(await run.ended, run.said()).toBe(2);
      const record = await readRecord(join(runs.output, 'latest', 'record.json'));
      expect(record.verdict).toBe('inconclusive');
      expect(record.reasons[0]).toMatch(sentence);
      const { problems } = readFacts(join(runs.output, 'latest'));
      expect(problems).toEqual([record.reasons[0]]);
      expect(await heldOf(id, engine.host)).toEqual(nothingHeld);
      expect(existsSync(join(runs.output, 'latest', 'data'))).toBe(false);
    },
  );

  test('that ends in mid-run is told, and what it holds is removed once it is back', async () => {
    const { runs, run, id } = await underWay();
    await engine.end('SIGKILL');
    expect(await run.ended, run.said()).toBe(2);
    expect(run.said()).toMatch(sentence);
    await engine.start();
    expect((await heldOf(id, engine.host)).containers).toHaveLength(7);
    expect(runs.ackworth(['clean']).stdout).toMatch(/removed container node-1\b/);
    expect(await heldOf(id, engine.host)).toEqual(nothingHeld);
  });

  test('that hangs in mid-run is told in one sentence, and what it holds is removed once it goes on', async () => {
    const hangs = /the Docker Engine at unix:\S+ did not answer within 10 s: look why it hangs/;
    const { runs, run, id } = await underWay();
    engine.hang();
    try {
      expect(await run.ended, run.said()).toBe(2);
      const record = await readRecord(join(runs.output, 'latest', 'record.json'));
      expect(record.verdict).toBe('inconclusive');
      expect(record.reasons[0]).toMatch(hangs);
      const clean = runs.ackworth(['clean']);
      expect(clean.stdout).toMatch(hangs);
      expect(clean.status).toBe(1);
    } finally {
      engine.goOn();
    }
    expect(runs.ackworth(['clean']).status).toBe(0);
    expect(await heldOf(id, engine.host)).toEqual(nothingHeld);
  });
});

describe.skipIf(noEngine !== undefined)(`an engine${because(noEngine)}`, () => {
  /** The usual engine, behind what a test does to requests. */
  async function through(
    onRequest: (request: EngineRequest) => Promise<EngineAnswer | undefined>,
  ): Promise<DockerRuns> {
    const folder = new DockerRuns();
    closing.push(() => folder.close());
    const path = join(folder.folder, 'docker.sock');
    const engine = engineEndpoint().host.replace('unix://', '');
    const between = await EngineBetween.listen({ path, engine, onRequest });
    closing.push(() => between.close());
    const runs = new DockerRuns({ host: `unix://${path}` });
    closing.push(() => runs.close());
    return runs;
  }

  const creates = ({ line }: EngineRequest): boolean => line.includes('/containers/create');
  const nodePort = ({ body }: EngineRequest): number =>
    Number(/"HostPort":"(\d{2,})"/.exec(body)?.[1] ?? 0);

  /** Somebody listens there before the engine can publish it. */
  async function take(port: number): Promise<void> {
    const taker: Server = createServer();
    closing.push(() => taker.close());
    await new Promise<void>((listening) => taker.listen(port, '127.0.0.1', listening));
  }

  test('whose ports are taken is asked for others', async () => {
    let taken = 0;
    const runs = await through(async (request) => {
      if (!creates(request) || nodePort(request) === 0 || taken === 3) return undefined;
      taken++;
      await take(nodePort(request));
      return undefined;
    });
    const run = runs.start(runs.writeScenario([{ name: 'steady', duration: '3s' }]));
    expect(await run.ended, run.said()).toBe(0);
    expect(taken).toBe(3);
    expect(await heldOf(runs.state().run)).toEqual(nothingHeld);
  });

  type OnRequest = (request: EngineRequest) => Promise<EngineAnswer | undefined>;
  const refusals: [string, OnRequest, RegExp][] = [
    [
      'whose ports are taken again and again',
      async (request) => {
        if (creates(request) && nodePort(request) > 0) await take(nodePort(request));
        return undefined;
      },
      /^ackworth: node \d did not start: the container of node-\d cannot .*address already in use/m,
    ],
    [
      'whose disk is full',
      async (request) =>
        creates(request)
          ? { status: 500, message: 'mkdir /var/lib/docker/overlay2/x: no space left on device' }
          : undefined,
      /^ackworth: .*the disk of the Docker Engine is full, make room there \(.*$/m,
    ],
  ];

  test.each(refusals)('%s ends a run in one sentence', async (_, onRequest, words) => {
    const runs = await through(onRequest);
    const run = runs.start(runs.writeScenario(steady));
    expect(await run.ended, run.said()).toBe(1);
    expect(run.said()).toMatch(words);
    expect(
      run
        .said()
        .split('\n')
        .filter((line) => line.startsWith('ackworth: ')),
    ).toHaveLength(1);
    expect(await heldOf(runs.state().run)).toEqual(nothingHeld);
    expect(readdirSync(join(runs.output, 'latest'))).not.toContain('data');
  });
});
