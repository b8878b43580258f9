import { expect, test } from 'vitest';
import { durability } from '../../scenarios/durability.ts';
import { partition } from '../../scenarios/partition.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { ScenarioInput } from '../scenario/schema.ts';
import { vocabulary } from '../vocabulary.ts';
import { makeGrid, type GridOptions } from './grid.ts';
import { leaveOut, leftOutInWords } from './leave-out.ts';

const free = {
  targets: ['nats'],
  clusters: [],
  flush: [],
  replication: [],
  batch: [],
  inFlight: [],
  rates: [],
};

function left(scenario: ScenarioInput, changes: Partial<GridOptions> = {}) {
  const words = vocabulary();
  const options = {
    seed: 7,
    repeats: 1,
    quick: false,
    storage: null,
    axes: free,
    faults: words.faults.map(({ kind }) => kind),
    only: [],
    ...changes,
  };
  const whole = makeGrid(parseScenario(scenario, scenario.name, words), options);
  const { grid, leftOut } = leaveOut(whole, options);
  return {
    ids: grid.cells.map(({ id }) => id),
    modes: grid.modes.map(({ id }) => id),
    words: leftOut.map(leftOutInWords),
    isWhole: grid.cells.length === whole.cells.length,
  };
}

const noLinks =
  'the links of NATS cannot be cut on --cluster process, since its nodes tell each other of one ' +
  'address each; use --cluster docker, or leave the faults of durability out (run --no-faults)';
const noDelays =
  'the links of NATS can be cut, on --cluster docker, and neither delayed nor reset, since that ' +
  'takes proxies and its nodes tell each other of one address each; leave the faults of ' +
  'durability out (run --no-faults)';
const noAsync =
  'NATS acks what a quorum has, or one replica alone: use --replication quorum or none';

test('a grid that nobody named goes without what its broker cannot do, and says so', () => {
  const { ids, modes, words } = left(durability);
  expect(modes).toEqual([
    'sync x none',
    'async x none',
    'os x none',
    'sync x quorum',
    'async x quorum',
    'os x quorum',
  ]);
  expect(ids).toContain('sync-quorum-power-cut-all');
  expect(ids.filter((id) => id.includes('cut-off') || id.includes('x-async'))).toEqual([]);
  expect(words).toEqual([
    `left out: sync-async-price-1000 and 17 more: ${noAsync}`,
    `left out: sync-quorum-cut-off-leader and 2 more: ${noLinks}`,
    `left out: async-quorum-power-cut-leader and 1 more: ${noDelays}`,
  ]);
});

test('in containers links are cut, so that these cells stay', () => {
  const axes = { ...free, clusters: ['docker' as const] };
  const { ids, words } = left(durability, { axes });
  expect(ids).toContain('sync-quorum-cut-off-leader');
  expect(words).toHaveLength(2);
});

test('what somebody named stays, to be refused', () => {
  const replication = ['quorum' as const, 'async' as const];
  const named = left(durability, { axes: { ...free, replication } });
  expect(named.modes).toContain('sync x async');
  expect(named.words.join()).not.toContain('price');
  const only = ['sync-quorum-cut-off-leader', 'sync-quorum-kill-leader'];
  expect(left(durability, { only }).ids).toEqual(only.toReversed());
  expect(left(partition).isWhole).toBe(true);
});

test('the reference broker does all of it', () => {
  const axes = { ...free, targets: ['reference'] };
  expect(left(durability, { axes })).toMatchObject({ isWhole: true, words: [] });
});
