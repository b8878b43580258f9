import { describe, expect, test } from 'vitest';
import type { ModeDifference, SuiteCell, SuiteMode } from '../record/suite.ts';
import { differencesOf } from './differences.ts';

function mode(id: string, changes: Partial<SuiteMode> = {}): SuiteMode {
  const durability = {
    flush: 'sync' as const,
    replication: 'quorum' as const,
    flushIntervalMs: 100,
  };
  return {
    id,
    target: 'reference',
    cluster: 'process',
    ...durability,
    nodes: 3,
    axes: {},
    ...changes,
  };
}

interface Found {
  readonly p50?: number;
  readonly p99?: number | null;
  readonly sustained?: boolean;
  readonly doubtful?: string[];
}

function priced(of: SuiteMode, rate: number, repeat: number, found: Found = {}): SuiteCell {
  const { p50 = 500, p99 = 900, sustained = true, doubtful = [] } = found;
  const quantiles = { p50, p99, p999: null };
  return {
    id: `${of.id}-${rate}-${repeat}`,
    mode: of.id,
    kind: 'price',
    repeat,
    order: 1,
    state: 'done',
    note: '',
    record: null,
    verdict: 'pass',
    reasons: [],
    price: {
      targetRate: rate,
      offered: rate,
      acked: rate,
      sustained,
      service: quantiles,
      response: quantiles,
      endToEnd: quantiles,
      doubtful,
    },
    worth: null,
  };
}

const [process, docker] = [mode('process'), mode('docker', { cluster: 'docker' })];
const words = (found: ModeDifference[]): string[] =>
  found.map(({ word, from, to }) => `${word}: ${from} > ${to}`);

describe('modes that differ in one word', () => {
  test('are compared with the first that is like them in all others', () => {
    const nats = mode('nats', { target: 'nats' });
    const both = mode('nats on docker', { target: 'nats', cluster: 'docker' });
    const modes = [process, docker, nats, both];
    expect(words(differencesOf({ modes, cells: [] }))).toEqual([
      'target: process > nats',
      'target: docker > nats on docker',
      'cluster: process > docker',
      'cluster: nats > nats on docker',
    ]);
  });

  test('are not modes that differ in their durability, nodes or axes too', () => {
    const others = [
      mode('a', { cluster: 'docker', flush: 'async' }),
      mode('b', { cluster: 'docker', replication: 'none' }),
      mode('c', { cluster: 'docker', nodes: 5 }),
      mode('d', { cluster: 'docker', axes: { batch: 4096 } }),
      mode('e', { cluster: 'docker', axes: { inFlight: 10 } }),
    ];
    expect(differencesOf({ modes: [process, ...others], cells: [] })).toEqual([]);
  });
});

describe('the difference of two modes', () => {
  const differOver = (...cells: SuiteCell[]): ModeDifference['rates'] =>
    differencesOf({ modes: [process, docker], cells })[0]!.rates;

  test('is taken repeat by repeat at each rate that both were run at', () => {
    const rates = differOver(
      priced(process, 1000, 1, { p50: 100 }),
      priced(process, 1000, 2, { p50: 900 }),
      priced(docker, 1000, 2, { p50: 930 }),
      priced(docker, 1000, 1, { p50: 130 }),
      priced(process, 2000, 1),
    );
    expect(rates).toHaveLength(1);
    expect(rates[0]).toMatchObject({ rate: 1000, pairs: 2, sustained: { from: 2, to: 2 } });
    expect(rates[0]!.service.p50).toEqual({
      pairs: 2,
      from: 500,
      to: 530,
      delta: 30,
      low: 30,
      high: 30,
    });
  });

  test('leaves out runs in which a queue grew, and counts them', () => {
    const [rate] = differOver(
      priced(process, 1000, 1, { p50: 100 }),
      priced(docker, 1000, 1, { p50: 900_000, sustained: false }),
      priced(process, 1000, 2, { p50: 100 }),
      priced(docker, 1000, 2, { p50: 140 }),
    );
    expect(rate).toMatchObject({ pairs: 2, sustained: { from: 2, to: 1 } });
    expect(rate!.service.p50).toMatchObject({ pairs: 1, delta: 40, low: null });
  });

  test('knows of pairs with figures that cannot be trusted, and of quantiles without samples', () => {
    const [rate] = differOver(
      priced(process, 1000, 1, { doubtful: ['the generator was saturated'] }),
      priced(docker, 1000, 1, { p99: null }),
    );
    expect(rate!.doubtful).toBe(1);
    expect(rate!.service.p99).toBeNull();
    expect(rate!.service.p50).toMatchObject({ pairs: 1, delta: 0 });
  });
});
