import { describe, expect, test } from 'vitest';
import {
  suiteSchemaId,
  type SuiteCell,
  type SuiteMode,
  type SuiteRecord,
} from '../harness/record/suite.ts';
import { commonRate, priceOfSafety } from './price-of-safety.ts';
import { makeRecord } from './testing/record-builder.ts';

const { environment } = makeRecord({ phases: [{ name: 'price', lengthMs: 2000 }], rate: 100 });

function mode(
  flush: SuiteMode['flush'],
  replication: SuiteMode['replication'],
  nodes = 3,
): SuiteMode {
  const id = `${flush} x ${replication}`;
  const where = { target: 'reference', cluster: 'process' as const };
  return { id, ...where, flush, replication, nodes, flushIntervalMs: 100, axes: {} };
}

function priced(of: SuiteMode, targetRate: number, p99: number, sustained = true): SuiteCell {
  const quantiles = { p50: p99 / 2, p99, p999: null };
  return {
    ...cell(of, `price-${targetRate}`),
    kind: 'price',
    price: {
      targetRate,
      offered: targetRate,
      acked: sustained ? targetRate : targetRate / 2,
      sustained,
      service: quantiles,
      response: quantiles,
      endToEnd: quantiles,
      doubtful: [],
    },
  };
}

type Worth = NonNullable<SuiteCell['worth']>;

function proven(
  of: SuiteMode,
  fault: Worth['fault'],
  lost: number,
  changes: Partial<Worth> = {},
): SuiteCell {
  return {
    ...cell(of, fault),
    worth: {
      fault,
      promise: { loss: 'window', bound: '' },
      observed: lost > 0 ? 'allowed' : 'none',
      acked: 60_000,
      lost,
      vanished: 0,
      passedOver: 0,
      exposure: null,
      lossWindowMessages: lost,
      lossWindowMs: null,
      duplicates: 0,
      reordered: 0,
      unknown: 0,
      recoveryMs: null,
      faultsConfirmed: 1,
      lossBound: null,
      ...changes,
    },
  };
}

function cell(of: SuiteMode, name: string): SuiteCell {
  return {
    id: `${of.flush}-${of.replication}-${name}`,
    mode: of.id,
    kind: 'worth',
    repeat: 1,
    order: 1,
    state: 'done',
    note: '',
    record: null,
    verdict: 'pass',
    reasons: [],
    price: null,
    worth: null,
  };
}

function suiteOf(cells: SuiteCell[], ...modes: SuiteMode[]): SuiteRecord {
  return {
    schema: suiteSchemaId,
    id: 's',
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:10:00.000Z',
    version: '0.1.0',
    command: '',
    seed: 1,
    scenario: { name: 'durability', question: '' },
    quick: false,
    repeats: 1,
    environment,
    storage: { form: 'plain', why: '' },
    modes,
    cells,
    sustainedRates: modes.map(({ id }) => {
      const kept = cells.flatMap(({ mode: of, price }) =>
        of === id && price?.sustained ? [price.targetRate] : [],
      );
      return { mode: id, rate: kept.length === 0 ? null : Math.max(...kept) };
    }),
    differences: [],
    engines: [],
    verdict: 'pass',
    reasons: [],
  };
}

const [sync, async] = [mode('sync', 'quorum'), mode('async', 'quorum')];
const text = (suite: SuiteRecord): string =>
  priceOfSafety(suite).join(' ').replaceAll('\u00a0', ' ');

describe('the price of safety in words', () => {
  test('says per step what it costs and what it keeps', () => {
    const cells = [
      priced(async, 2000, 1200),
      priced(async, 20_000, 5000),
      priced(sync, 2000, 3300),
      priced(sync, 12_400, 9000),
      priced(sync, 20_000, 900_000, false),
      proven(async, 'power-cut-all', 431),
      proven(sync, 'power-cut-all', 0),
    ];
    expect(text(suiteOf(cells, async, sync))).toBe(
      'Going from async to sync flush with quorum replication costs 38.0 % of the highest sustained ' +
        'rate (20,000/s to 12,400/s), and at 2,000/s the p99 goes from 1.20 ms to 3.30 ms; when all ' +
        'nodes lost their power, the one lost 431 of 60,000 acked messages and the other none.',
    );
  });

  test('says that nothing was lost where nothing was, and that it costs none of the rates', () => {
    const cells = [async, sync].flatMap((one) => [
      priced(one, 2000, 1000),
      proven(one, 'kill-leader', 0),
    ]);
    expect(text(suiteOf(cells, async, sync))).toContain(
      'costs none of the rates that were tried (2,000/s both), and at 2,000/s the p99 goes from 1.00 ms ' +
        'to 1.00 ms; neither lost an acked message when the leader was killed.',
    );
  });

  test('makes nothing of a cell that is inconclusive, and counts it', () => {
    const open = proven(sync, 'kill-leader', 0, { observed: 'inconclusive' });
    const cells = [{ ...open, verdict: 'inconclusive' as const }, proven(async, 'kill-leader', 3)];
    const told = text(suiteOf(cells, async, sync));
    expect(told).not.toContain('lost');
    expect(told).toBe(
      'No two modes were run of which one is a step safer. Of 2 cells, 1 is inconclusive.',
    );
  });

  test('tells of a mode that sustained no rate at all', () => {
    const cells = [priced(async, 2000, 1200), priced(sync, 2000, 900_000, false)];
    expect(text(suiteOf(cells, async, sync))).toContain(
      'costs every rate that was tried (2,000/s before).',
    );
  });

  test('says that more copies take more nodes', () => {
    const alone = mode('sync', 'none', 1);
    const cells = [priced(alone, 2000, 500), priced(sync, 2000, 1500)];
    expect(text(suiteOf(cells, alone, sync))).toMatch(
      /^Going from no to quorum replication \(1 to 3 nodes\) with sync flush costs none of the rates/,
    );
  });

  test('compares the latency at the highest rate that both sustained', () => {
    const cells = [
      priced(async, 1000, 1),
      priced(async, 4000, 4),
      priced(sync, 1000, 2),
      priced(sync, 4000, 8, false),
    ];
    const suite = suiteOf(cells, async, sync);
    expect(commonRate(suite, async.id, sync.id)).toBe(1000);
    expect(commonRate(suite, async.id)).toBe(4000);
  });
});
