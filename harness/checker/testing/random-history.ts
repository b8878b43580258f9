import { z } from 'zod';
import type { Capabilities } from '../../driver/driver.ts';
import type { HistoryEvent, HistoryHeader } from '../../history/events.ts';
import { makePlan } from '../../scenario/plan.ts';
import type { Plan } from '../../scenario/plan-types.ts';
import { scenarioSchema } from '../../scenario/schema.ts';
import type { ScenarioInput } from '../../scenario/schema.ts';
import type { MeasuredExposure } from '../book/exposure.ts';
import { Draws } from './draws.ts';
import { MemoryHistory } from './memory-history.ts';
import { allCapabilities } from './story.ts';

export interface RandomHistory {
  readonly history: MemoryHistory;
  readonly plan: Plan;
  readonly capabilities: Capabilities;
  readonly exposures: ReadonlyMap<number, MeasuredExposure>;
}

interface Identity {
  readonly producer: number;
  readonly sequence: number;
  readonly key: number;
  readonly intact: boolean;
  readonly foreign: boolean;
}

interface Stored extends Identity {
  readonly offset: number;
}

/**
 * A small history of a broker that errs with a probability drawn per history, from never to often:
 * all outcomes, 0 to 2 deliveries, drained or not, copies that differ, workers killed at any frame.
 * A function of the seed alone.
 */
export function randomHistory(seed: number): RandomHistory {
  return new Generator(seed).generate();
}

const faultWords = ['kill', 'power-cut', 'cut'].map((kind) => ({
  kind,
  targets: ['node'] as const,
  heals: true,
  options: z.strictObject({}),
}));

/** More than what may have been under way. */
const lateNanos = 1.1e9;

const blackout = { fault: 'power-cut', target: 'all-nodes' };
const singleFaults = ['kill', 'power-cut', 'cut'].map((fault) => ({ fault, target: 'leader' }));

const plans = new Map<string, Plan>();

/** Few scenarios are drawn, many times each. */
function planOf(input: ScenarioInput, target: string): Plan {
  const name = JSON.stringify([input, target]);
  let plan = plans.get(name);
  if (plan === undefined) {
    plan = makePlan(scenarioSchema.parse(input), {
      seed: 1,
      target,
      cluster: 'process',
      vocabulary: { faults: faultWords, checks: [] },
    });
    plans.set(name, plan);
  }
  return plan;
}

class Generator {
  readonly #draws: Draws;
  readonly #slip: number;
  readonly #forgets: boolean;
  readonly #history = new MemoryHistory();
  readonly #plan: Plan;
  readonly #capabilities: Capabilities;
  readonly #base: number;
  /** The logs as they were when a fault cut them. */
  #before: readonly (readonly Stored[])[] = [];
  #cutAt = 0;
  #now = 0;

  constructor(seed: number) {
    this.#draws = new Draws(seed);
    this.#slip = this.#draws.pick([0, 0, 0, 0.02, 0.05, 0.15]);
    // Here a cursor may outlive the log, which takes much to come together by chance.
    this.#forgets = this.#draws.maybe(0.2);
    const faults = this.#forgets ? 1 : this.#draws.pick([0, 0, 1, 2]);
    const nodes = this.#forgets ? 3 : this.#draws.pick([1, 3, 3]);
    const modes = this.#forgets ? (['quorum'] as const) : (['quorum', 'async'] as const);
    const replication = nodes === 1 ? 'none' : this.#draws.pick<'quorum' | 'async'>(modes);
    const target = this.#forgets || this.#draws.maybe(0.2) ? 'nats' : 'reference';
    this.#plan = planOf(
      {
        name: 'random',
        question: 'do the checkers agree with the oracle?',
        nodes,
        warmUp: '0s',
        topic: {
          partitions: this.#draws.pick([1, 2]),
          replication,
          flush: this.#forgets ? 'async' : this.#draws.pick(['sync', 'async', 'async', 'os']),
          flushInterval: '3ms',
          replicas: replication === 'none' ? 1 : this.#draws.pick([nodes, 2]),
        },
        workload: {
          ...this.#draws.pick([
            { consumers: 0 },
            { consumers: 1 },
            { consumers: 2 },
            { consumers: 2, groups: 2 },
          ]),
          idempotent: this.#draws.maybe(0.5),
        },
        phases: [
          {
            name: 'main',
            duration: '60s',
            faults: [10, 20].slice(0, faults).map((at) => ({
              ...this.#draws.pick(this.#forgets ? [blackout] : [...singleFaults, blackout]),
              at: `${at}ms`,
              for: `${this.#draws.pick([5, 15])}ms`,
            })),
          },
        ],
      },
      target,
    );
    const dense = this.#draws.maybe(0.7);
    this.#capabilities = {
      ...allCapabilities,
      denseOffsets: dense,
      idempotence: this.#draws.maybe(0.8),
    };
    this.#base = dense ? 0 : this.#draws.pick([0, 2 ** 40]);
  }

  generate(): RandomHistory {
    this.#faults();
    const logs = this.#load();
    this.#consume(logs);
    this.#readAll(logs);
    this.#kill();
    const { partitions } = this.#plan.scenario.topic;
    const exposures = new Map(
      this.#plan.faults
        .filter(() => this.#draws.maybe(0.8))
        .map(({ id, atMs }) => [
          id,
          {
            byPartition: Array.from({ length: partitions }, () => this.#draws.below(4)),
            syncMsMax: this.#draws.below(4),
            measuredAtNanos: (atMs - this.#draws.below(5) / 2) * 1e6,
          },
        ]),
    );
    return {
      history: this.#history,
      plan: this.#plan,
      capabilities: this.#capabilities,
      exposures,
    };
  }

  #faults(): void {
    for (const { id, kind, target, atMs, healAtMs } of this.#plan.faults) {
      const hit = target === 'all-nodes' ? this.#plan.scenario.nodes : 1;
      if (this.#draws.maybe(this.#slip)) continue;
      const event = {
        type: 'fault',
        fault: id,
        kind,
        target,
        victims: Array.from({ length: hit }, (_, index) => `node ${index + 1}`),
        proof: 'seen',
      } as const;
      this.#tell('harness', { ...event, step: 'requested', result: '', time: atMs * 1e6 });
      this.#tell('harness', { ...event, step: 'effective', result: '', time: atMs * 1e6 });
      this.#tell('harness', { ...event, step: 'probed', result: 'confirmed', time: atMs * 1e6 });
      this.#tell('harness', { ...event, step: 'healed', result: '', time: healAtMs! * 1e6 });
      this.#tell('harness', {
        ...event,
        step: 'heal-probed',
        result: 'confirmed',
        time: healAtMs! * 1e6,
      });
    }
  }

  /** Sends and stores; returns what the logs then hold. */
  #load(): Stored[][] {
    const { partitions } = this.#plan.scenario.topic;
    const logs: Stored[][] = Array.from({ length: partitions }, () => []);
    const producers = 1 + this.#draws.below(2);
    const next = Array.from({ length: producers }, () => 0);
    const sends = 3 + this.#draws.below(14);
    let cuts = 0;
    for (let count = 0; count < sends; count++) {
      while ((this.#plan.faults[cuts]?.atMs ?? Infinity) * 1e6 <= this.#now) {
        cuts++;
        this.#cut(logs);
      }
      const producer = 1 + this.#draws.below(producers);
      const sequence = next[producer - 1]!++;
      const key = this.#draws.below(3);
      const file = `producer-${producer}`;
      const message = { producer, sequence, key, intact: true, foreign: false };
      const partition = this.#draws.maybe(this.#slip)
        ? this.#draws.below(partitions)
        : key % partitions;
      const outcome = this.#draws.pick(['ok', 'ok', 'ok', 'ok', 'info', 'none', 'fail'] as const);
      const attempts = this.#draws.pick([1, 1, 0, 2]);
      const stored = this.#draws.maybe(
        outcome === 'ok' ? 1 - this.#slip : outcome === 'fail' ? this.#slip : 0.5,
      );
      this.#tell(file, {
        type: 'invoke',
        producer,
        sequence,
        key,
        intended: this.#now,
        time: this.#tick(),
      });
      let offset = this.#nextOffset(logs[partition]!);
      if (stored) this.#store(logs[partition]!, message, offset);
      if (stored && this.#draws.maybe(this.#slip))
        this.#store(logs[this.#draws.below(partitions)]!, message);
      if (this.#draws.maybe(this.#slip)) this.#store(logs[partition]!, this.#stranger());
      if (outcome === 'none') continue;
      if (this.#draws.maybe(this.#slip)) offset += this.#draws.below(3);
      const place = outcome === 'ok' ? { partition, offset } : { partition: -1, offset: -1 };
      this.#tell(file, {
        type: 'complete',
        producer,
        sequence,
        outcome,
        ...place,
        attempts,
        time: this.#tick(),
      });
    }
    for (const log of logs) {
      if (log.length > 1 && this.#draws.maybe(this.#slip * 2)) this.#swap(log);
      if (log.length > 0 && this.#plan.faults.length > 0 && this.#draws.maybe(0.2)) log.pop();
    }
    return logs;
  }

  /** A fault takes the end of each log, or of none; what follows takes the same positions. */
  #cut(logs: readonly Stored[][]): void {
    if (!this.#forgets && this.#draws.maybe(0.4)) return;
    this.#before = logs.map((log) => [...log]);
    this.#cutAt = this.#now;
    for (const log of logs) log.length = Math.max(0, log.length - this.#draws.below(4));
  }

  #swap(log: Stored[]): void {
    const index = this.#draws.below(log.length - 1);
    const [a, b] = [log[index]!, log[index + 1]!];
    log[index] = { ...b, offset: a.offset };
    log[index + 1] = { ...a, offset: b.offset };
  }

  #store(log: Stored[], message: Identity, offset = this.#nextOffset(log)): void {
    log.push({ ...message, offset });
  }

  #nextOffset(log: readonly Stored[]): number {
    const last = log.at(-1);
    if (last === undefined) return this.#base;
    return (
      last.offset + (this.#capabilities.denseOffsets ? 1 : this.#draws.pick([1, 7, 1_000_000]))
    );
  }

  #stranger(): Identity {
    const message = {
      producer: 1 + this.#draws.below(3),
      sequence: this.#draws.below(20),
      key: this.#draws.below(3),
      intact: true,
      foreign: false,
    };
    return this.#draws.pick([
      message,
      { ...message, intact: false },
      { ...message, foreign: true },
    ]);
  }

  /** Each member reads a stretch, sometimes again, and sometimes another life reads it once more. */
  #consume(logs: readonly Stored[][]): void {
    for (const { worker } of this.#plan.consumers) {
      for (let life = 1; life <= this.#draws.pick([1, 1, 2]); life++) {
        const file = life === 1 ? `consumer-${worker}` : `consumer-${worker}.${life}`;
        logs.forEach((log, partition) => {
          if (this.#draws.maybe(0.1)) return;
          const reads = this.#draws.maybe(this.#forgets ? 0.8 : 0.3);
          const before = reads ? this.#consumeBefore(file, worker, partition) : 0;
          const resumed = this.#draws.maybe(0.5) ? before : this.#draws.below(log.length + 1);
          const anew = this.#draws.maybe(this.#forgets ? 0.3 : 0.75);
          const from = anew ? 0 : Math.min(resumed, log.length);
          const to = this.#draws.maybe(0.8) ? log.length : this.#draws.below(log.length + 1);
          if (this.#draws.maybe(0.9))
            this.#tell(file, {
              type: 'assigned',
              consumer: worker,
              partition,
              offset: from,
              time: this.#tick(),
            });
          for (let at = from; at < to; at++) {
            if (this.#draws.maybe(this.#slip)) at += 1 + this.#draws.below(2);
            if (this.#draws.maybe(this.#slip)) at = Math.max(0, at - 1 - this.#draws.below(2));
            if (this.#draws.maybe(this.#slip)) {
              const type = this.#draws.pick(['revoked', 'diverged', 'assigned'] as const);
              this.#tell(file, {
                type,
                consumer: worker,
                partition,
                offset: 0,
                time: this.#tick(),
              });
            }
            const record = log[at];
            if (record === undefined) continue;
            this.#give({ file, consumer: worker, partition, time: this.#tick() }, record);
          }
        });
      }
    }
  }

  /**
   * What it was given while the log still had the end that a fault took; then it is sent back.
   * Returns how much that was: a cursor may stay there.
   */
  #consumeBefore(file: string, worker: number, partition: number): number {
    const log = this.#before[partition];
    if (log === undefined) return 0;
    const early = this.#draws.maybe(0.5);
    // From a replica that kept what the others lost.
    if (!early && this.#draws.maybe(this.#forgets ? 0.5 : 0.1)) this.#now += lateNanos;
    const given = this.#draws.maybe(0.7) ? log.length : this.#draws.below(log.length + 1);
    for (const record of log.slice(0, given)) {
      const time = early ? this.#cutAt - this.#draws.below(3) * 1e6 : this.#tick();
      // One of a broken broker may be given it anywhere.
      const { offset } = this.#draws.maybe(this.#forgets ? 0.5 : 0.1)
        ? this.#draws.pick(log)
        : record;
      this.#give({ file, consumer: worker, partition, time }, { ...record, offset });
    }
    const type = this.#draws.maybe(0.8) ? 'diverged' : 'assigned';
    const time = this.#tick();
    this.#tell(file, { type, consumer: worker, partition, offset: 0, time });
    return given;
  }

  #give(
    to: {
      readonly file: string;
      readonly consumer: number;
      readonly partition: number;
      readonly time: number;
    },
    record: Stored,
  ): void {
    const { file, consumer, partition, time } = to;
    const { offset, ...message } = this.#distorted(record);
    this.#tell(file, {
      type: 'delivery',
      consumer,
      partition,
      offset,
      ...message,
      redelivered: false,
      intended: 0,
      time,
    });
  }

  #distorted(record: Stored): Stored {
    if (this.#draws.maybe(this.#slip / 2)) return { ...record, intact: false };
    if (this.#draws.maybe(this.#slip / 2)) return { ...record, key: record.key + 1 };
    if (this.#draws.maybe(this.#slip / 2)) return { ...record, ...this.#stranger() };
    if (this.#draws.maybe(this.#slip / 2)) return { ...record, offset: record.offset + 1 };
    return record;
  }

  #readAll(logs: readonly Stored[][]): void {
    const { nodes, topic } = this.#plan.scenario;
    for (let node = 0; node <= nodes; node++) {
      for (let partition = 0; partition < logs.length; partition++) {
        if (node > topic.replicas! && this.#draws.maybe(0.9)) continue;
        if (this.#draws.maybe(this.#slip)) continue;
        if (this.#draws.maybe(this.#slip)) this.#readOne(node, partition, logs[partition]!, false);
        this.#readOne(node, partition, logs[partition]!, !this.#draws.maybe(this.#slip));
      }
    }
  }

  #readOne(node: number, partition: number, log: readonly Stored[], complete: boolean): void {
    const list = log
      .filter(() => !this.#draws.maybe(this.#slip / 2))
      .map((record) => this.#distorted(record));
    if (list.length > 0 && this.#draws.maybe(this.#slip))
      list.push(list[this.#draws.below(list.length)]!);
    if (this.#draws.maybe(this.#slip)) list.length = this.#draws.below(list.length + 1);
    if (this.#draws.maybe(this.#slip)) this.#store(list, this.#stranger());
    for (const { offset, ...message } of list) {
      this.#tell('reader', { type: 'read', node, partition, offset, ...message });
    }
    const start = list[0]?.offset ?? 0;
    const end = this.#draws.maybe(this.#slip) ? start : (list.at(-1)?.offset ?? -1) + 1;
    this.#tell('reader', {
      type: 'read-end',
      node,
      partition,
      startOffset: start,
      endOffset: end,
      complete,
      reason: '',
    });
  }

  /** Ends some files at any frame. */
  #kill(): void {
    for (const file of this.#history.files) {
      if (
        file.header.role === 'harness' ||
        !this.#draws.maybe(file.header.role === 'reader' ? 0.05 : 0.2)
      )
        continue;
      file.events.length = this.#draws.below(file.events.length + 1);
    }
  }

  #tell(worker: string, event: HistoryEvent): void {
    const role =
      (['producer', 'consumer', 'reader'] as const).find((name) => worker.startsWith(name)) ??
      'harness';
    const header: HistoryHeader = {
      version: 1,
      run: 'random',
      worker,
      role,
      clockDomain: 'boot',
      numbers: [],
    };
    this.#history.file(header).events.push(event);
  }

  #tick(): number {
    this.#now += 0.5e6 + this.#draws.below(4) * 0.5e6;
    return this.#now;
  }
}
