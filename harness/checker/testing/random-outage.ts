import { z } from 'zod';
import type { Outcome } from '../../driver/driver.ts';
import type { HistoryEvent } from '../../history/events.ts';
import { makePlan } from '../../scenario/plan.ts';
import type { PlannedFault, Plan } from '../../scenario/plan-types.ts';
import { scenarioSchema } from '../../scenario/schema.ts';
import { Draws } from './draws.ts';
import { MemoryHistory } from './memory-history.ts';

/**
 * Seconds of load, long enough that service can be seen to hold: clients that send steadily, faults,
 * and outages of single partitions in which sends wait, are late, fail, get no answer or are not
 * made; lives that end and go on as the next; groups that are given a partition again, or never. A
 * function of the seed alone.
 */
export function randomOutage(seed: number): { history: MemoryHistory; plan: Plan } {
  return new Generator(seed).generate();
}

const faultWords = [
  {
    kind: 'kill',
    targets: ['node', 'consumer', 'producer'] as const,
    heals: true,
    options: z.strictObject({}),
  },
];

type Fate = 'waits' | 'late' | 'info' | 'none' | 'fail' | 'unsent';

const fates: readonly Fate[] = ['waits', 'waits', 'late', 'info', 'none', 'fail', 'unsent'];

interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
  readonly fate: Fate;
}

class Generator {
  readonly #draws: Draws;
  readonly #history = new MemoryHistory();
  readonly #plan: Plan;
  readonly #endMs: number;
  readonly #slip: number;
  #offset = 0;

  constructor(seed: number) {
    this.#draws = new Draws(seed);
    const draws = this.#draws;
    const groups = draws.pick([1, 2]);
    const consumers = draws.pick([0, 2]);
    // Apart by so much that what clients waited for during the first is no measure any more.
    const isApart = draws.maybe(0.25);
    const times = isApart ? [1000, 9500] : [1000, 1500, 3000].slice(0, draws.pick([1, 1, 2, 3]));
    const faults = times.map((at) => ({
      fault: 'kill',
      target: draws.pick(['leader', 'leader', 'producer', ...(consumers > 0 ? ['consumer'] : [])]),
      at: `${at}ms`,
      for: `${draws.pick([200, 1000, 4000])}ms`,
    }));
    const scenario = scenarioSchema.parse({
      name: 'outage',
      question: 'do checker and oracle agree on when service was back?',
      nodes: 3,
      warmUp: '0s',
      topic: { partitions: draws.pick([1, 2]) },
      workload: { producers: draws.pick([1, 2]), consumers, ...(consumers > 0 && { groups }) },
      phases: [{ name: 'main', duration: '60s', faults }],
    });
    this.#plan = makePlan(scenario, {
      seed: 1,
      target: 'reference',
      cluster: 'process',
      vocabulary: { faults: faultWords, checks: [] },
    });
    this.#endMs = draws.pick(isApart ? [15_500, 18_000] : [3000, 6500, 8000, 10_000, 14_000]);
    this.#slip = draws.pick([0, 0, 0.004, 0.01, 0.02, 0.2]);
  }

  generate(): { history: MemoryHistory; plan: Plan } {
    const draws = this.#draws;
    this.#tell('harness', { type: 'phase', name: 'main', time: 0 });
    for (const fault of this.#plan.faults) this.#fault(fault);
    if (!draws.maybe(0.1))
      this.#tell('harness', { type: 'phase', name: 'drain', time: this.#endMs * 1e6 });
    for (const { worker } of this.#plan.producers) this.#produce(worker);
    this.#readAndConsume();
    for (const file of this.#history.files) file.events.sort((a, b) => timeOf(a) - timeOf(b));
    return { history: this.#history, plan: this.#plan };
  }

  #fault({ id, kind, target, atMs, healAtMs }: PlannedFault): void {
    if (this.#draws.maybe(0.05)) return;
    const victims = [`${target === 'leader' ? 'node' : target} 1`];
    const steps = [
      { step: 'requested', at: atMs },
      { step: 'effective', at: atMs },
      ...(this.#draws.maybe(0.9) ? [{ step: 'healed', at: healAtMs! } as const] : []),
    ] as const;
    for (const { step, at } of steps) {
      const time = at * 1e6;
      const what = { fault: id, kind, target, victims, proof: '', result: '' } as const;
      this.#tell('harness', { type: 'fault', step, ...what, time });
    }
  }

  /** One worker over all its lives, each with a producer number and a file of its own. */
  #produce(worker: number): void {
    const draws = this.#draws;
    const { faults } = this.#plan;
    const outages = Array.from({ length: this.#plan.scenario.topic.partitions }, () =>
      faults.flatMap(({ atMs }) => (draws.maybe(0.7) ? [this.#outage(atMs)] : [])),
    );
    const ends = faults
      .filter(({ target }) => target === 'producer' && worker === 1)
      .map(({ atMs }) => atMs);
    let fromMs = draws.pick([0, 0, 0, 1200]);
    [...ends, this.#endMs].forEach((toMs, life) => {
      const producer = worker + 10 * life;
      const file = life === 0 ? `producer-${worker}` : `producer-${worker}.${life + 1}`;
      this.#live({ file, producer, fromMs, toMs, outages });
      fromMs = Math.max(fromMs, toMs) + draws.pick([100, 1000, 7000]);
    });
  }

  #outage(atMs: number): Outage {
    const draws = this.#draws;
    const fromMs = atMs + draws.pick([0, 0, 110, 2000]);
    const toMs = fromMs + draws.pick([60, 400, 1500, 3000, 60_000]);
    return { fromMs, toMs, fate: draws.pick(fates) };
  }

  #live(life: {
    readonly file: string;
    readonly producer: number;
    readonly fromMs: number;
    readonly toMs: number;
    readonly outages: readonly (readonly Outage[])[];
  }): void {
    const draws = this.#draws;
    const { file, producer, fromMs, toMs, outages } = life;
    const spacingMs = draws.pick([20, 25, 45, 120]);
    const isCutShort = draws.maybe(0.5);
    let sequence = 0;
    for (let ms = fromMs; ms < toMs; ms += spacingMs) {
      // A key that was never acked leaves it open where its message was going.
      const key = draws.maybe(0.05) ? 100 + draws.below(1000) : draws.below(6);
      const partition = key % outages.length;
      const outage = outages[partition]!.find((one) => ms >= one.fromMs && ms < one.toMs);
      if (outage?.fate === 'unsent') continue;
      const sendMs = ms + draws.below(10);
      const message = { producer, sequence: sequence++ };
      const invokedAt = sendMs * 1e6 + message.sequence;
      this.#tell(file, { type: 'invoke', ...message, key, intended: invokedAt, time: invokedAt });
      const slips = draws.maybe(this.#slip);
      const fate = outage?.fate ?? (slips ? draws.pick(['late', 'info', 'none'] as const) : 'ok');
      if (fate === 'none') continue;
      const outcome: Outcome = fate === 'info' || fate === 'fail' ? fate : 'ok';
      const nowhere = { partition: -1, offset: -1 };
      const place = outcome === 'ok' ? { partition, offset: this.#offset++ } : nowhere;
      const doneMs = fate === 'waits' ? Math.max(sendMs, outage!.toMs) : sendMs;
      const tookMs = 1 + draws.below(30) + (fate === 'late' ? draws.pick([400, 600, 1500]) : 0);
      const time = (doneMs + tookMs) * 1e6;
      // What its worker did not live to hear has no outcome.
      if (isCutShort && doneMs + tookMs >= toMs) continue;
      this.#tell(file, { type: 'complete', ...message, outcome, ...place, attempts: 1, time });
    }
  }

  #readAndConsume(): void {
    const draws = this.#draws;
    const { topic } = this.#plan.scenario;
    for (let partition = 0; partition < topic.partitions; partition++) {
      const records = draws.below(6);
      const record = { producer: 99, key: 0, intact: true, foreign: false, partition };
      for (let offset = 0; offset < records; offset++)
        this.#tell('reader', { type: 'read', node: 0, ...record, sequence: offset, offset });
      const complete = draws.maybe(0.8);
      const range = { startOffset: 0, endOffset: records };
      this.#tell('reader', {
        type: 'read-end',
        node: 0,
        partition,
        ...range,
        complete,
        reason: '',
      });
      for (const { worker } of this.#plan.consumers) {
        for (let offset = 0; offset < records; offset++) {
          if (draws.maybe(0.4)) continue;
          const time = draws.below(this.#endMs) * 1e6;
          const delivery = { ...record, sequence: offset, offset, redelivered: false, intended: 0 };
          const file = `consumer-${worker}`;
          this.#tell(file, { type: 'delivery', consumer: worker, ...delivery, time });
        }
      }
    }
  }

  #tell(worker: string, event: HistoryEvent): void {
    const role =
      (['producer', 'consumer', 'reader'] as const).find((name) => worker.startsWith(name)) ??
      'harness';
    const header = { version: 1, run: 'random', worker, role, clockDomain: 'boot' } as const;
    this.#history.file({ ...header, numbers: [] }).events.push(event);
  }
}

function timeOf(event: HistoryEvent): number {
  return 'time' in event ? event.time : 0;
}
