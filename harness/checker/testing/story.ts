import { z } from 'zod';
import type { Capabilities, Outcome } from '../../driver/driver.ts';
import type { HistoryEvent, HistoryHeader, PositionEvent } from '../../history/events.ts';
import type { Judgement, Measured } from '../../judge/judgement.ts';
import { judgeHistory } from '../../judge/judge-history.ts';
import { scenarioSchema } from '../../scenario/schema.ts';
import type { ScenarioInput } from '../../scenario/schema.ts';
import { makePlan } from '../../scenario/plan.ts';
import type { Plan } from '../../scenario/plan-types.ts';
import type { MeasuredExposure } from '../book/exposure.ts';
import type { Checker } from '../watch.ts';
import { MemoryHistory } from './memory-history.ts';

export interface StoryOptions {
  readonly capabilities?: Partial<Capabilities>;
  readonly scenario?: Partial<ScenarioInput>;
  readonly target?: string;
  readonly measured?: Partial<Measured>;
  /**
   * A count alone holds in each partition, was measured when its fault was requested, and no sync
   * took over 10 ms.
   */
  readonly exposures?: ReadonlyMap<number, number | MeasuredExposure>;
  readonly checkers?: readonly Checker[];
  /** All workers have another clock, and its times were carried over to within this; null = who knows. */
  readonly clockBoundMs?: number | null;
}

/** What the reference broker can do. */
export const allCapabilities: Capabilities = {
  positions: true,
  denseOffsets: true,
  orderScope: 'key',
  retriesKeepOrder: true,
  replayable: true,
  competingConsumers: false,
  groups: true,
  readEachReplica: true,
  idempotence: true,
};

const kinds = [
  'kill',
  'stop',
  'pause',
  'restart',
  'power-cut',
  'sync-error',
  'torn-tail',
  'cut',
  'flood',
];
const faultWords = kinds.map((kind) => ({
  kind,
  targets: ['node', 'consumer', 'producer'] as const,
  heals: kind !== 'restart',
  options: z.record(z.string(), z.unknown()),
}));

/**
 * A history told by hand. Messages are named by producer letter and sequence: `a0` is producer 1,
 * sequence 0. Unless told otherwise there is one partition, one node, one consumer in one group,
 * every event is a millisecond after the one before, and offsets count from 0.
 */
export class Story {
  readonly plan: Plan;
  readonly #options: StoryOptions;
  readonly #history = new MemoryHistory();
  readonly #requestedAt = new Map<number, number>();
  #now = 0;

  constructor(options: StoryOptions = {}) {
    this.#options = options;
    const scenario = scenarioSchema.parse({
      name: 'story',
      question: 'does the checker see it?',
      nodes: 1,
      warmUp: '0s',
      phases: [{ name: 'main', duration: '60s' }],
      ...options.scenario,
      topic: { partitions: 1, ...options.scenario?.topic },
      workload: { consumers: 1, producers: 2, ...options.scenario?.workload },
    });
    this.plan = makePlan(scenario, {
      seed: 1,
      target: options.target ?? 'reference',
      cluster: 'process',
      vocabulary: { faults: faultWords, checks: [] },
    });
    this.#tell('harness', { type: 'phase', name: 'main', time: 0 });
  }

  /** The next event happens at this millisecond. */
  at(ms: number): this {
    this.#now = ms * 1e6 - 1e6;
    return this;
  }

  invoke(name: string, key = 0): this {
    const { producer, sequence } = message(name);
    return this.#tell(worker(producer), {
      type: 'invoke',
      producer,
      sequence,
      key,
      intended: this.#now,
      time: this.#tick(),
    });
  }

  complete(
    name: string,
    outcome: Outcome,
    options: { offset?: number; partition?: number; attempts?: number } = {},
  ): this {
    const { offset = -1, partition = offset < 0 ? -1 : 0, attempts = 1 } = options;
    const { producer, sequence } = message(name);
    return this.#tell(worker(producer), {
      type: 'complete',
      producer,
      sequence,
      outcome,
      partition,
      offset,
      attempts,
      time: this.#tick(),
    });
  }

  /** Sent and acked at an offset. */
  acked(
    name: string,
    offset: number,
    options: { key?: number; partition?: number; attempts?: number } = {},
  ): this {
    const { key = 0, partition = offset < 0 ? -1 : 0, attempts = 1 } = options;
    return this.invoke(name, key).complete(name, 'ok', { partition, offset, attempts });
  }

  /** Sent, and certainly without effect. */
  failed(name: string, key = 0): this {
    return this.invoke(name, key).complete(name, 'fail');
  }

  /** Sent, and nobody knows. */
  unknown(name: string, key = 0): this {
    return this.invoke(name, key).complete(name, 'info', { attempts: 2 });
  }

  position(type: PositionEvent['type'], consumer = 1, partition = 0, offset = 0): this {
    return this.#tell(`consumer-${consumer}`, {
      type,
      consumer,
      partition,
      offset,
      time: this.#tick(),
    });
  }

  delivered(
    name: string,
    offset: number,
    options: Partial<Sighting> & { consumer?: number; life?: number } = {},
  ): this {
    const {
      consumer = 1,
      life = 1,
      partition = offset < 0 ? -1 : 0,
      key = 0,
      intact = true,
      foreign = false,
    } = options;
    const file = life === 1 ? `consumer-${consumer}` : `consumer-${consumer}.${life}`;
    return this.#tell(file, {
      type: 'delivery',
      consumer,
      ...message(name),
      key,
      intact,
      foreign,
      partition,
      offset,
      redelivered: false,
      intended: 0,
      time: this.#tick(),
    });
  }

  read(
    name: string,
    offset: number,
    options: Partial<Sighting> & { node?: number; file?: string } = {},
  ): this {
    const { node = 0, partition = 0, key = 0, intact = true, foreign = false } = options;
    return this.#tell(options.file ?? 'reader', {
      type: 'read',
      node,
      ...message(name),
      key,
      intact,
      foreign,
      partition,
      offset,
    });
  }

  readEnd(
    options: {
      node?: number;
      partition?: number;
      start?: number;
      end?: number;
      complete?: boolean;
      file?: string;
    } = {},
  ): this {
    const { node = 0, partition = 0, start = 0, end = 0, complete = true } = options;
    return this.#tell(options.file ?? 'reader', {
      type: 'read-end',
      node,
      partition,
      startOffset: start,
      endOffset: end,
      complete,
      reason: complete ? '' : 'time-out',
    });
  }

  /** What the final read finds, on each node alike; `-` leaves an offset out. */
  log(
    names: string,
    { partition = 0, from = 0, step = 1, key = 0, nodes = this.plan.scenario.nodes } = {},
  ): this {
    for (let node = 0; node <= nodes; node++)
      this.copy(node, names, { partition, from, step, key });
    return this;
  }

  /** What one copy holds. */
  copy(node: number, names: string, { partition = 0, from = 0, step = 1, key = 0 } = {}): this {
    const list = split(names);
    list.forEach((name, index) => {
      if (name !== '-') this.read(name, from + index * step, { node, partition, key });
    });
    return this.readEnd({
      node,
      partition,
      start: from,
      end: list.length === 0 ? from : from + (list.length - 1) * step + 1,
    });
  }

  /** What a node hands out in the middle of the run; `-` leaves an offset out. */
  inspected(node: number, names: string, { complete = true } = {}): this {
    const file = `inspector-${node}.1`;
    const list = split(names);
    list.forEach((name, offset) => {
      if (name !== '-') this.read(name, offset, { node, file });
    });
    return this.readEnd({ node, end: complete ? list.length : -1, complete, file });
  }

  /** Given to consumer 1 one after the other. */
  consumed(names: string, { partition = 0, from = 0, step = 1, key = 0, consumer = 1 } = {}): this {
    this.position('assigned', consumer, partition, from);
    split(names).forEach((name, index) => {
      if (name !== '-') this.delivered(name, from + index * step, { consumer, partition, key });
    });
    return this;
  }

  /** A fault of the plan that does all it should; `healMs` null leaves it open. */
  fault(
    id: number,
    atMs: number,
    options: {
      victims?: readonly string[];
      healMs?: number | null;
      result?: 'confirmed' | 'mismatch' | 'inconclusive';
    } = {},
  ): this {
    const planned = this.plan.faults[id]!;
    const { victims = ['node 1'], healMs = atMs + 100, result = 'confirmed' } = options;
    const step = (name: FaultStep, ms: number, outcome: typeof result | '' = ''): void => {
      this.#tell('harness', {
        type: 'fault',
        fault: id,
        kind: planned.kind,
        step: name,
        target: planned.target,
        victims,
        proof: 'seen',
        result: outcome,
        time: ms * 1e6,
      });
    };
    this.#requestedAt.set(id, (atMs - 1) * 1e6);
    step('requested', atMs - 1);
    step('effective', atMs);
    step('probed', atMs, result);
    if (healMs === null || planned.healAtMs === null) return this;
    step('heal-requested', healMs - 1);
    step('healed', healMs);
    step('heal-probed', healMs, 'confirmed');
    return this;
  }

  phase(name: string, ms: number): this {
    return this.#tell('harness', { type: 'phase', name, time: ms * 1e6 });
  }

  event(file: string, event: HistoryEvent): this {
    return this.#tell(file, event);
  }

  /** Changes what a worker's file says of itself. */
  header(file: string, changes: Partial<HistoryHeader>): this {
    this.#history.file(headerOf(file)).header = { ...headerOf(file), ...changes };
    return this;
  }

  /** The worker's file ends without having been closed; or, with `gone`, there is none. */
  cutOff(file: string, { gone = false } = {}): this {
    if (gone) this.#history.missing.push(file);
    else this.#history.file(headerOf(file)).closed = false;
    return this;
  }

  judge(): Judgement {
    const { capabilities, measured, checkers, clockBoundMs } = this.#options;
    if (clockBoundMs !== undefined) carryOver(this.#history);
    return judgeHistory(
      this.#history,
      {
        plan: this.plan,
        capabilities: { ...allCapabilities, ...capabilities },
        exposures: this.#exposures(),
        ...(clockBoundMs !== undefined && { clockBoundMs }),
      },
      {
        doubts: [],
        responseP99Ms: 5,
        due: { due: 1000, acked: 1000, failed: 0 },
        endToEndP99Ms: 9,
        ackedPerSecond: 1000,
        ...measured,
      },
      checkers,
    );
  }

  #exposures(): Map<number, MeasuredExposure> {
    const given = [...(this.#options.exposures ?? [])];
    const { partitions } = this.plan.scenario.topic;
    return new Map(
      given.map(([fault, measured]) => [
        fault,
        typeof measured !== 'number'
          ? measured
          : {
              byPartition: Array.from({ length: partitions }, () => measured),
              syncMsMax: 10,
              measuredAtNanos: this.#requestedAt.get(fault) ?? 0,
            },
      ]),
    );
  }

  #tick(): number {
    this.#now += 1e6;
    return this.#now;
  }

  #tell(file: string, event: HistoryEvent): this {
    this.#history.file(headerOf(file)).events.push(event);
    return this;
  }
}

type FaultStep = Extract<HistoryEvent, { type: 'fault' }>['step'];

interface Sighting {
  readonly partition: number;
  readonly key: number;
  readonly intact: boolean;
  readonly foreign: boolean;
}

/** What all workers write, as it was if they had another clock than the harness. */
export function carryOver(history: MemoryHistory): void {
  for (const file of history.files) {
    if (file.header.role !== 'producer' && file.header.role !== 'consumer') continue;
    file.header = { ...file.header, carried: { from: 'elsewhere', byNanos: -1e14 } };
  }
}

function headerOf(worker: string): HistoryHeader {
  const role =
    (['producer', 'consumer', 'reader', 'inspector'] as const).find((name) =>
      worker.startsWith(name),
    ) ?? 'harness';
  return { version: 1, run: 'story', worker, role, clockDomain: 'boot', numbers: [] };
}

function worker(producer: number): string {
  return `producer-${producer}`;
}

/** `b7`: producer 2, sequence 7. */
function message(name: string): { producer: number; sequence: number } {
  const match = /^([a-z])(\d+)$/.exec(name);
  if (match === null) throw new TypeError(`"${name}" names no message`);
  return { producer: match[1]!.charCodeAt(0) - 96, sequence: Number(match[2]) };
}

function split(names: string): string[] {
  return names.split(' ').filter((name) => name !== '');
}
