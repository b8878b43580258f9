import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { entryPoint } from '../entry-point.ts';
import type { HistoryEvent, HistoryHeader } from '../history/events.ts';
import { readHistory, readHistoryHeader } from '../history/reader.ts';
import { clockDomain, monotonicNanos } from '../measure/clock.ts';
import { Channel } from './channel.ts';
import type { FromWorker, ToWorker, WorkerAssignment } from './control.ts';

/** One worker process and the harness's end of its control connection. */
class Rig {
  readonly directory = mkdtempSync(join(tmpdir(), 'ackworth-worker-'));
  readonly received: FromWorker[] = [];
  readonly #server: Server;
  #changed: () => void = () => undefined;
  channel: Channel<FromWorker, ToWorker> | undefined;
  process: ChildProcess | undefined;

  constructor() {
    this.#server = createServer((socket) => {
      this.channel = new Channel(socket, {
        onMessage: (message) => {
          this.received.push(message);
          this.#changed();
        },
        onClose: () => undefined,
      });
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = this.#server.address() as AddressInfo;
    const file = entryPoint('harness/load/worker.js');
    this.process = spawn(
      process.execPath,
      [file, '--connect', `127.0.0.1:${port}`, '--token', 'secret', '--name', 'producer-1'],
      { stdio: 'inherit' },
    );
    await this.seen('hello');
  }

  async seen<Type extends FromWorker['type']>(
    type: Type,
  ): Promise<Extract<FromWorker, { type: Type }>> {
    for (;;) {
      const found = this.received.find((message) => message.type === type);
      if (found !== undefined) return found as Extract<FromWorker, { type: Type }>;
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  assign(overrides: Partial<WorkerAssignment> = {}, loadMs = 1500): void {
    this.channel!.send({
      type: 'assign',
      run: 'run-1',
      worker: 'producer-1',
      historyDirectory: this.directory,
      driver: 'null',
      target: { addresses: [], token: '', topic: 't' },
      role: {
        kind: 'producer',
        producer: 1,
        seed: 1,
        share: 1,
        phases: [
          {
            name: 'load',
            startMs: 0,
            endMs: loadMs,
            rate: 2000,
            arrival: { kind: 'constant' },
            measured: true,
          },
        ],
        sizeBytes: 100,
        keys: 10,
        options: {
          inFlightMax: 1000,
          lingerMs: 0,
          batchBytesMax: 65_536,
          deliveryTimeoutMs: 1000,
          idempotent: false,
        },
      },
      ...overrides,
    });
  }

  events(): HistoryEvent[] {
    return this.history().events;
  }

  history(): { events: HistoryEvent[]; closed: boolean; header: HistoryHeader | null } {
    const events: HistoryEvent[] = [];
    const keep = (event: HistoryEvent) => void events.push({ ...event });
    const file = join(this.directory, 'producer-1.ackh');
    const { closed } = readHistory(file, { invoke: keep, complete: keep, second: keep });
    return { events, closed, header: readHistoryHeader(file) };
  }

  /** A load that would go on for a minute is under way. */
  async load(): Promise<void> {
    this.assign({}, 60_000);
    await this.seen('ready');
    this.channel!.send({ type: 'start', originNanos: monotonicNanos() });
    await this.seen('progress');
  }

  /** In the middle of the load. */
  async signal(signal: NodeJS.Signals): Promise<unknown> {
    await this.load();
    const exited = once(this.process!, 'exit');
    this.process!.kill(signal);
    const [code, how] = (await exited) as [number | null, string | null];
    return code ?? how;
  }

  async end(): Promise<void> {
    if (this.process!.exitCode === null && this.process!.signalCode === null) {
      this.process!.kill('SIGKILL');
      await once(this.process!, 'exit');
    }
    this.#server.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function outcomesWithoutInvoke(events: readonly HistoryEvent[]): HistoryEvent[] {
  const invoked = new Set<number>();
  return events.filter((event) => {
    if (event.type === 'invoke') invoked.add(event.sequence);
    return event.type === 'complete' && !invoked.has(event.sequence);
  });
}

let rig: Rig;
beforeEach(async () => {
  rig = new Rig();
  await rig.start();
});
afterEach(() => rig.end());

describe('a load worker', () => {
  test('presents itself, does what it is assigned, and leaves a whole history', async () => {
    expect(await rig.seen('hello')).toMatchObject({
      token: 'secret',
      name: 'producer-1',
      pid: rig.process!.pid,
      clockDomain: clockDomain(),
    });
    rig.assign();
    await rig.seen('ready');
    // Ahead, as the harness does: who hears of it late skips what is past.
    rig.channel!.send({ type: 'start', originNanos: monotonicNanos() + 500e6 });
    await rig.seen('done');
    expect(rig.received.findLast(({ type }) => type === 'progress')).toMatchObject({
      sent: 3000,
      acked: 3000,
      inFlight: 0,
    });
    const events = rig.events();
    expect(events.filter(({ type }) => type === 'invoke')).toHaveLength(3000);
    expect(events.filter(({ type }) => type === 'complete')).toHaveLength(3000);
    expect(events.flatMap((event) => (event.type === 'second' ? [event.due] : []))).toEqual([
      2000, 1000,
    ]);
    rig.channel!.end();
    const [code] = (await once(rig.process!, 'exit')) as [number];
    expect(code).toBe(0);
  });

  test('tells its clock, and thinks and writes in that of the harness when told of it', async () => {
    const before = monotonicNanos();
    rig.channel!.send({ type: 'clock?', ask: 7 });
    const { ask, nanos } = await rig.seen('clock');
    expect(ask).toBe(7);
    expect(nanos).toBeGreaterThan(before);
    expect(nanos).toBeLessThan(monotonicNanos());

    const hours = 1e14;
    rig.assign({ clock: { domain: 'far away', offsetNanos: -hours } });
    await rig.seen('ready');
    const originNanos = monotonicNanos() - hours + 500e6;
    rig.channel!.send({ type: 'start', originNanos });
    await rig.seen('done');
    const { events, header } = rig.history();
    expect(header).toMatchObject({
      clockDomain: 'far away',
      carried: { from: clockDomain(), byNanos: -hours },
    });
    const times = events.flatMap((event) => ('time' in event ? [event.time] : []));
    expect(events.filter(({ type }) => type === 'complete')).toHaveLength(3000);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(originNanos);
    expect(Math.max(...times)).toBeLessThan(originNanos + 10e9);
    const intended = events.flatMap((event) => (event.type === 'invoke' ? [event.intended] : []));
    expect(intended[0]).toBeGreaterThanOrEqual(originNanos);
    expect(intended[0]).toBeLessThan(originNanos + 1e6);
  });

  test('ends when its connection does, however the harness died', async () => {
    await rig.load();
    rig.channel!.destroy();
    await once(rig.process!, 'exit');
    expect(rig.events().filter(({ type }) => type === 'invoke').length).toBeGreaterThan(100);
  });

  test('killed in mid-flow, leaves a history in which every outcome has its invoke', async () => {
    expect(await rig.signal('SIGKILL')).toBe('SIGKILL');
    const { events, closed } = rig.history();
    expect(outcomesWithoutInvoke(events)).toEqual([]);
    expect(events.length).toBeGreaterThan(100);
    expect(closed, 'nothing says that this is all').toBe(false);
  });

  test('asked to end by a signal, leaves a history that says that nothing is missing', async () => {
    expect(await rig.signal('SIGTERM')).toBe(0);
    const { events, closed } = rig.history();
    expect(outcomesWithoutInvoke(events)).toEqual([]);
    expect(events.length).toBeGreaterThan(100);
    expect(events.length, 'it did not wait for the rest of the load').toBeLessThan(240_000);
    expect(closed).toBe(true);
  });

  test('asked to end by a signal before it was assigned anything, just ends', async () => {
    const exited = once(rig.process!, 'exit');
    rig.process!.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });

  test('says in words why it cannot do what it is assigned', async () => {
    rig.assign({ driver: 'nonesuch' });
    expect((await rig.seen('failed')).message).toMatch(/no driver "nonesuch"; there are: .*null/);
    const [code] = (await once(rig.process!, 'exit')) as [number];
    expect(code).toBe(1);
  });

  test('that was assigned nothing is done as soon as it is stopped', async () => {
    await rig.seen('hello');
    rig.channel!.send({ type: 'stop' });
    await rig.seen('done');
    rig.channel!.end();
    const [code] = (await once(rig.process!, 'exit')) as [number];
    expect(code).toBe(0);
  });

  test('stopped, ends early with all outcomes known', async () => {
    await rig.load();
    rig.channel!.send({ type: 'stop' });
    await rig.seen('done');
    const events = rig.events();
    const invokes = events.filter(({ type }) => type === 'invoke').length;
    expect(invokes).toBeLessThan(120_000);
    expect(events.filter(({ type }) => type === 'complete')).toHaveLength(invokes);
  });
});
