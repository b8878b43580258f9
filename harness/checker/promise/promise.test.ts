import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../scenario/plan-types.ts';
import { brokers } from '../../driver/registry.ts';
import { Story } from '../testing/story.ts';
import { harmOf, scopeOf } from './harm.ts';
import type { Hit } from './harm.ts';
import { promiseOf } from './promise.ts';
import type { LossPromise } from './row.ts';

type Topic = Plan['scenario']['topic'];

const flushes: readonly Topic['flush'][] = ['sync', 'async', 'os'];
const replications: readonly Topic['replication'][] = ['none', 'async', 'quorum'];

function planOf(
  flush: Topic['flush'],
  replication: Topic['replication'],
  target = 'reference',
): Plan {
  return new Story({ target, scenario: { nodes: 3, topic: { flush, replication } } }).plan;
}

const hit = (kind: string, nodes = [1], options = {}): Hit => ({ kind, nodes, options });

const columns: readonly { readonly title: string; readonly hit: Hit }[] = [
  { title: '`kill -9`, leader', hit: hit('kill') },
  { title: 'power cut, leader', hit: hit('power-cut') },
  { title: 'power cut, all nodes', hit: hit('power-cut', [1, 2, 3]) },
  { title: 'leader cut off, clients on its side', hit: hit('cut') },
];

function cell(promise: LossPromise): string {
  return promise.loss === 'none' ? 'none lost' : `${promise.loss}: ${promise.bound}`;
}

/** A table of the docs, as the harness checks it. */
function markdown(target: string, modes: readonly Topic['replication'][]): string {
  const lines = [
    `| flush x replication | ${columns.map(({ title }) => title).join(' | ')} |`,
    `| --- |${columns.map(() => ' --- |').join('')}`,
  ];
  for (const replication of modes) {
    for (const flush of flushes) {
      const plan = planOf(flush, replication, target);
      const cells = columns.map((column) => cell(promiseOf(plan, column.hit)));
      lines.push(`| ${flush} x ${replication} | ${cells.join(' | ')} |`);
    }
  }
  return lines.join('\n');
}

describe('the promise table', () => {
  test('is what the docs say', () => {
    const docs = readFileSync(new URL('../../../docs/promises.md', import.meta.url), 'utf8');
    expect(docs).toContain(markdown('reference', replications));
    expect(docs).toContain(markdown('nats', ['none', 'quorum']));
  });

  test('holds NATS to losing nothing where each write is synced, whatever loses its power', () => {
    for (const replication of ['none', 'quorum'] as const) {
      for (const nodes of [[1], [1, 2], [1, 2, 3]]) {
        const plan = planOf('sync', replication, 'nats');
        expect(promiseOf(plan, hit('power-cut', nodes))).toEqual({ loss: 'none' });
        const unsynced = promiseOf(planOf('async', replication, 'nats'), hit('power-cut', nodes));
        expect(unsynced.loss).toBe('may');
      }
    }
  });

  test.each([
    ['cursors outlive the log', 'cursorsAhead'],
    ['replicas be apart', 'splitBrain'],
  ] as const)('lets %s where that is known of a broker, and nowhere else', (_, cause) => {
    const known = brokers.flatMap(({ name, promises }) =>
      promises
        .filter(({ promise }) => promise[cause] !== undefined)
        .map(({ harm, flush, replication }) => ({ name, harm, flush, replication })),
    );
    expect(known).toEqual([
      {
        name: 'nats',
        harm: ['power', 'failed-sync'],
        flush: ['async', 'os'],
        replication: 'quorum',
      },
    ]);
  });

  test('promises that nothing is lost where flush and replication wait', () => {
    const kinds = ['kill', 'pause', 'power-cut', 'sync-error', 'cut', 'disk-full', 'torn-tail'];
    for (const kind of kinds) {
      for (const nodes of [[1], [1, 2], [1, 2, 3]]) {
        expect(promiseOf(planOf('sync', 'quorum'), hit(kind, nodes))).toEqual({ loss: 'none' });
      }
    }
  });

  test('holds a fault, a broker or a mode that it does not know to losing nothing', () => {
    expect(promiseOf(planOf('os', 'async'), hit('flood')).loss).toBe('none');
    expect(promiseOf(planOf('os', 'async', 'other'), hit('power-cut')).loss).toBe('none');
  });

  test.each(['delay', 'reset', 'bridge', 'slow-disk'])(
    'lets a %s cost nothing in any mode',
    (kind) => {
      for (const flush of flushes) {
        for (const replication of replications)
          expect(promiseOf(planOf(flush, replication), hit(kind)).loss).toBe('none');
      }
    },
  );

  test('asks for what the victims lose: all where others go on without them', () => {
    const exposes = (flush: Topic['flush'], replication: Topic['replication'], one: Hit) => {
      const promise = promiseOf(planOf(flush, replication), one);
      return promise.loss === 'none' ? undefined : promise.exposes;
    };
    expect(exposes('sync', 'async', hit('kill'))).toBe('all');
    expect(exposes('sync', 'async', hit('kill', [1, 2]))).toBe('lag');
    expect(exposes('async', 'async', hit('power-cut'))).toBe('all');
    expect(exposes('async', 'async', hit('power-cut', [1, 2, 3]))).toBe('unsynced');
    expect(exposes('async', 'quorum', hit('power-cut'))).toBe('unsynced');
    expect(exposes('async', 'none', hit('power-cut'))).toBe('unsynced');
  });

  const lasts = (flush: Topic['flush'], replication: Topic['replication'], kind: string) => {
    const promise = promiseOf(planOf(flush, replication), hit(kind));
    return promise.loss !== 'none' && promise.lasts;
  };

  test('lets a failed sync cost what the node acked until it failed, unless acks wait for it', () => {
    expect(flushes.map((flush) => lasts(flush, 'none', 'sync-error'))).toEqual([false, true, true]);
    expect(flushes.map((flush) => lasts(flush, 'quorum', 'sync-error'))).toEqual([
      false,
      true,
      true,
    ]);
  });

  test('lets the second kill of a node, which heals it, cost what it alone acked by then', () => {
    for (const kind of ['sync-error', 'bit-flip', 'torn-tail', 'missing-file'])
      expect(flushes.map((flush) => lasts(flush, 'async', kind))).toEqual([true, true, true]);
    expect(lasts('async', 'async', 'power-cut')).toBe(false);
    expect(lasts('async', 'none', 'torn-tail')).toBe(false);
  });
});

describe('a fault', () => {
  test('that keeps only clients away harms nothing that is stored', () => {
    expect(harmOf(hit('cut', [1], { from: 'clients' }))).toBe('nothing');
    expect(harmOf(hit('cut', [1], { from: 'nodes' }))).toBe('cut-off');
  });

  test('hits a minority as long as the others can elect a leader', () => {
    const scopes = (nodes: number[]) =>
      [1, 2, 3, 4, 5].map((all) => scopeOf(hit('kill', nodes), all));
    expect(scopes([1])).toEqual(['all', 'majority', 'minority', 'minority', 'minority']);
    expect(scopes([1, 2])).toEqual(['all', 'all', 'majority', 'majority', 'minority']);
  });
});
