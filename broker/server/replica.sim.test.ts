import { describe, expect, test } from 'vitest';
import { Log } from '../log/log.ts';
import { SimMachine } from '../sim/machine.ts';
import type { SimParts } from '../sim/node.ts';
import type { SimPlan } from '../sim/plan.ts';
import { runSeed } from '../sim/run-seed.ts';
import { simulate } from '../sim/simulate.ts';

describe('the simulator', () => {
  test('the same seed gives the same transcript, another seed another one', async () => {
    const hashes = new Set<number>();
    for (const seed of [11, 12, 13]) {
      const first = await simulate({ seed, transcript: true });
      const second = await simulate({ seed, transcript: true });
      expect(second.transcript).toEqual(first.transcript);
      expect(second.hash).toBe(first.hash);
      hashes.add(first.hash);
    }
    expect(hashes.size).toBe(3);
  });

  test('loses acked batches in the rows that allow it, so the others mean something', async () => {
    const rows = [
      { flush: 'sync', replication: 'async' },
      { flush: 'async', replication: 'quorum' },
      { flush: 'os', replication: 'async' },
      { flush: 'os', replication: 'none' },
    ] as const;
    for (const overrides of rows) {
      let lost = 0;
      for (let seed = 1; seed <= 60 && lost === 0; seed++) {
        lost += (await simulate({ seed, overrides })).lost;
      }
      expect(lost).toBeGreaterThan(0);
    }
  });

  test('shows how async x quorum forgets an acked batch after a single power cut', async () => {
    const overrides: Partial<SimPlan> = {
      flush: 'async',
      flushIntervalMs: 1_000,
      replication: 'quorum',
      voters: [1, 2, 3],
      producers: 1,
      batchesPerProducer: 12,
      segmentBytes: 65_536,
      retentionBytes: 0,
      cacheBytes: 1_048_576,
      troubleMs: 900,
      quality: { delayMs: { from: 0.1, to: 1 }, lossProbability: 0, duplicateProbability: 0 },
      faults: [
        { atMs: 100, durationMs: 300, kind: 'isolate', target: 3 },
        { atMs: 250, durationMs: 40, kind: 'power-cut', target: 2 },
        { atMs: 270, durationMs: 500, kind: 'isolate', target: 1 },
      ],
    };
    const result = await simulate({ seed: 1, overrides, transcript: true });
    expect(result.violation).toBeUndefined();
    expect(result.lost).toBeGreaterThan(0);
    // What happened and in which order; the times are those of a simulated disk and may move.
    const lines = result.transcript.map((line) => line.slice(line.indexOf(' ') + 1));
    const file = '../sim/testdata/async-quorum-forgets.txt';
    await expect(lines.join('\n') + '\n').toMatchFileSnapshot(file);
  });
});

/** Seeds within which a planted defect must be noticed. */
const seedsMax = 60;

async function firstViolation(options: {
  readonly parts: () => SimParts;
  readonly overrides?: Partial<SimPlan>;
}): Promise<string | undefined> {
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { parts, overrides = {} } = options;
    const { violation } = await simulate({ seed, overrides, parts: parts() });
    if (violation !== undefined) return violation;
  }
  return undefined;
}

/** Its window of producers is empty after each restart or snapshot. */
class AmnesiacMachine extends SimMachine {
  #asked = new Set<number>();

  override producer(producerId: number): ReturnType<SimMachine['producer']> {
    if (this.#asked.has(producerId)) return super.producer(producerId);
    this.#asked.add(producerId);
    return undefined;
  }
}

describe('the simulation can fail: each planted defect is noticed', () => {
  const quorum: Partial<SimPlan> = { flush: 'sync', replication: 'quorum' };

  test('voters that vote whatever the candidate’s log', async () => {
    const violation = await firstViolation({
      overrides: quorum,
      parts: () => ({
        rewrite: (message) =>
          message.type === 'vote-response' || message.type === 'pre-vote-response'
            ? { ...message, granted: true }
            : message,
      }),
    });
    expect(violation).toMatch(/election safety|leader completeness|stopped|committed|lost/);
  });

  test('a leader that tells its followers more is committed than is', async () => {
    const violation = await firstViolation({
      overrides: quorum,
      parts: () => ({
        rewrite: (message) =>
          message.type === 'append'
            ? { ...message, commitIndex: message.prevIndex + message.entries.length }
            : message,
      }),
    });
    expect(violation).toMatch(/committed|completeness|stopped|state machines/);
  });

  test('a log that reports entries as persisted before they are synced', async () => {
    const violation = await firstViolation({
      overrides: quorum,
      parts: () => ({
        openLog: (options) => Log.open({ ...options, flush: { mode: 'os', intervalMs: 0 } }),
      }),
    });
    expect(violation).toMatch(/lost|completeness|stopped|committed|gap/);
  });

  test('acks before a majority has the entry', async () => {
    const violation = await firstViolation({
      overrides: quorum,
      parts: () => ({ replication: 'async' }),
    });
    expect(violation).toMatch(/lost|gap/);
  });

  test('followers that acknowledge what they have not got', async () => {
    const violation = await firstViolation({
      overrides: quorum,
      parts: () => ({
        rewrite: (message) =>
          message.type === 'append-response' && !message.rejected && message.index > 0
            ? { ...message, index: message.index + 1 }
            : message,
      }),
    });
    expect(violation).toBeDefined();
  });

  test('producers’ windows that are forgotten', async () => {
    const violation = await firstViolation({
      overrides: quorum,
      parts: () => ({ machine: (onApplied) => new AmnesiacMachine(onApplied) }),
    });
    expect(violation).toMatch(/gap|duplicate/);
  });
});

describe('a torn tail under flush sync', () => {
  const overrides: Partial<SimPlan> = { flush: 'sync', replication: 'quorum', voters: [1, 2, 3] };
  const torn = (seed: number): Partial<SimPlan> => ({
    ...overrides,
    producers: 3,
    troubleMs: 1_500,
    faults: [
      { atMs: 100 + (seed % 7) * 20, durationMs: 900, kind: 'isolate', target: 3 },
      { atMs: 600, durationMs: 30, kind: 'torn-tail', target: 2 },
      { atMs: 635 + (seed % 5) * 3, durationMs: 600, kind: 'isolate', target: 1 },
      { atMs: 1_000, durationMs: 50, kind: 'isolate', target: 2 },
    ],
  });

  test('loses nothing that was acked, whoever is cut off then', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { violation } = await runSeed({ seed, overrides: torn(seed) });
      expect(violation, `seed ${seed}`).toBeUndefined();
    }
  });
});

describe('power cuts of the leader and of all nodes keep the promise of every mode', () => {
  for (const flush of ['sync', 'async', 'os'] as const) {
    for (const replication of ['none', 'async', 'quorum'] as const) {
      test(`${flush} x ${replication}`, async () => {
        const voters = replication === 'none' ? [1] : [1, 2, 3];
        for (const target of ['leader', 'all'] as const) {
          const faults = [300, 900].map((atMs) => {
            return { atMs, durationMs: 150, kind: 'power-cut', target } as const;
          });
          for (let seed = 1; seed <= 12; seed++) {
            const overrides = { flush, replication, voters, faults, troubleMs: 1_500 };
            const { violation } = await runSeed({ seed, overrides });
            expect(violation, `seed ${seed}, ${target}`).toBeUndefined();
          }
        }
      });
    }
  }
});

describe('a failed sync and a start on the same page cache keep the promise of every mode', () => {
  for (const flush of ['sync', 'async', 'os'] as const) {
    for (const replication of ['none', 'async', 'quorum'] as const) {
      test(`${flush} x ${replication}, whoever loses power then`, async () => {
        const voters = replication === 'none' ? [1] : [1, 2, 3];
        for (const target of ['leader', 'all'] as const) {
          const faults = [300, 800].flatMap((atMs) => [
            { atMs, durationMs: 60, kind: 'failed-sync', target } as const,
            { atMs: atMs + 250, durationMs: 50, kind: 'power-cut', target: 'all' } as const,
          ]);
          for (let seed = 1; seed <= 12; seed++) {
            const overrides = { flush, replication, voters, faults, troubleMs: 1_500 };
            const { violation } = await runSeed({ seed, overrides });
            expect(violation, `seed ${seed}, ${target}`).toBeUndefined();
          }
        }
      });
    }
  }
});
