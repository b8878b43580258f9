import { describe, expect, test } from 'vitest';
import { durability } from '../../scenarios/durability.ts';
import { steady } from '../../scenarios/steady.ts';
import { leaderKill } from '../../scenarios/leader-kill.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { ScenarioInput } from '../scenario/schema.ts';
import { vocabulary } from '../vocabulary.ts';
import { gridInWords, makeGrid, requireCells, type Grid, type GridOptions } from './grid.ts';
import type { Axes } from './modes.ts';

const free: Axes = {
  targets: [],
  clusters: [],
  flush: [],
  replication: [],
  batch: [],
  inFlight: [],
  rates: [],
};
const every = ['kill', 'power-cut', 'cut', 'delay'];

function gridOf(scenario: ScenarioInput, changes: Partial<GridOptions> = {}): Grid {
  return makeGrid(parseScenario(scenario, scenario.name, vocabulary()), {
    seed: 7,
    repeats: 1,
    quick: false,
    storage: null,
    axes: free,
    faults: every,
    only: [],
    ...changes,
  });
}

const ids = ({ cells }: Grid): string[] => cells.map(({ id }) => id);
const modeIds = ({ modes }: Grid): string[] => modes.map(({ id }) => id);

test('a grid in words counts one cell as one', () => {
  expect(gridInWords(gridOf(durability))).toMatch(/^durability, seed 7, \d\d cells in 8 modes$/);
  const only = gridOf(durability, { only: ['sync-quorum-kill-leader'] });
  expect(gridInWords(only)).toBe('durability, seed 7, 1 cell in 1 mode');
});

describe('the durability grid', () => {
  test('has eight modes, five rates and every fault that a mode can meet', () => {
    const grid = gridOf(durability);
    expect(modeIds(grid)).toEqual([
      'sync x none',
      'async x none',
      'os x none',
      'sync x async',
      'async x async',
      'sync x quorum',
      'async x quorum',
      'os x quorum',
    ]);
    // One node has nobody to be cut off from.
    expect(grid.cells).toHaveLength(8 * 5 + 5 * 4 + 3 * 3);
    expect(ids(grid)).not.toContain('sync-none-cut-off-leader');
    expect(ids(grid).slice(0, 2)).toEqual(['sync-none-price-1000', 'sync-none-price-2000']);
    const places = grid.cells.map(({ order }) => order);
    expect(places.toSorted((a, b) => a - b)).toEqual(places.map((_, index) => index + 1));
    expect(places).not.toEqual(places.toSorted((a, b) => a - b));
    expect(ids(grid)).toContain('sync-quorum-cut-off-leader');
    expect(grid.modes.map(({ nodes }) => nodes)).toEqual([1, 1, 1, 3, 3, 3, 3, 3]);
    expect(new Set(ids(grid)).size).toBe(grid.cells.length);
  });

  test('is two rates and two faults per mode with --quick', () => {
    const grid = gridOf(durability, { quick: true });
    expect(grid.cells).toHaveLength(8 * 4);
    expect(ids(grid)).toContain('os-quorum-power-cut-all');
    expect(ids(grid)).not.toContain('os-quorum-power-cut-leader');
  });

  test('leaves out the faults that cannot be named here', () => {
    const grid = gridOf(durability, { faults: ['kill'] });
    expect(ids(grid).filter((id) => !id.includes('price'))).toHaveLength(8);
  });

  test('has each cell as often as --repeats says, under a name of its own', () => {
    const grid = gridOf(durability, { quick: true, repeats: 3 });
    expect(grid.cells).toHaveLength(3 * 8 * 4);
    expect(ids(grid)).toContain('sync-quorum-price-2000-r3');
  });

  test('is every combination of the axes that were given', () => {
    const grid = gridOf(durability, {
      axes: { ...free, flush: ['os', 'sync'], replication: ['async'], rates: [500] },
    });
    expect(modeIds(grid)).toEqual(['os x async', 'sync x async']);
    expect(
      ids(grid)
        .filter((id) => id.includes('price'))
        .toSorted(),
    ).toEqual(['os-async-price-500', 'sync-async-price-500']);
  });

  test('names an interval of syncs only where one is asked for', () => {
    const axes = { ...free, flush: ['sync' as const, 'async' as const, 'os' as const] };
    const { modes } = gridOf(steady, { axes });
    expect(modes.map(({ flush, flushIntervalMs }) => [flush, flushIntervalMs])).toEqual([
      ['sync', null],
      ['async', 100],
      ['os', null],
    ]);
  });

  test('takes what was not given on one axis from the scenario', () => {
    const grid = gridOf(durability, { axes: { ...free, flush: ['sync'] } });
    expect(modeIds(grid)).toEqual(['sync x none', 'sync x async', 'sync x quorum']);
    expect(grid.modes[0]!.nodes).toBe(1);
  });

  test('keeps the nodes of a mode that it names', () => {
    const modes = [{ flush: 'sync' as const, replication: 'none' as const, nodes: 2 }];
    const grid = gridOf(
      { ...durability, grid: { modes, rates: [1] } },
      { axes: { ...free, flush: ['sync', 'os'] } },
    );
    expect(grid.modes.map(({ id, nodes }) => `${id}: ${nodes}`)).toEqual([
      'sync x none: 2',
      'os x none: 1',
    ]);
  });

  test('names batch and in-flight only where there is more than one of them', () => {
    const grid = gridOf(durability, {
      axes: {
        ...free,
        flush: ['sync'],
        replication: ['quorum'],
        batch: [4096, 65_536],
        inFlight: [100],
      },
    });
    expect(modeIds(grid)).toEqual(['sync x quorum, batch 4096', 'sync x quorum, batch 65536']);
    expect(grid.modes[0]!.axes).toEqual({ batch: 4096, inFlight: 100 });
    expect(ids(grid)).toContain('sync-quorum-b4096-price-1000');
  });

  test('is only the cells that were asked for, at the place they have in the whole', () => {
    const whole = gridOf(durability);
    const wanted = whole.cells[10]!;
    const grid = gridOf(durability, { only: [wanted.id] });
    expect(grid.cells).toEqual([wanted]);
    expect(modeIds(grid)).toEqual([wanted.mode.id]);
  });
});

describe('the axis of clusters', () => {
  const both = {
    ...free,
    flush: ['sync' as const],
    clusters: ['process' as const, 'docker' as const],
  };

  test('makes a mode of each durability on each of them, which has the cluster in its name', () => {
    const grid = gridOf(steady, { axes: { ...both, rates: [500] } });
    expect(modeIds(grid)).toEqual(['process, sync x quorum', 'docker, sync x quorum']);
    expect(grid.modes.map(({ cluster }) => cluster)).toEqual(['process', 'docker']);
    expect(ids(grid)).toEqual(['process-sync-quorum-price-500', 'docker-sync-quorum-price-500']);
  });

  test('is no word of a name where there is one of them, and processes where none is given', () => {
    const [alone] = gridOf(steady, { axes: { ...free, clusters: ['docker'] } }).modes;
    expect(alone).toMatchObject({ id: 'sync x quorum', cluster: 'docker' });
    const [plain] = gridOf(steady).modes;
    expect(plain).toMatchObject({ id: 'sync x quorum', cluster: 'process' });
  });

  test('runs what is to be compared one after the other, in either order', () => {
    const { cells } = gridOf(steady, { repeats: 8, axes: { ...both, rates: [500, 1000] } });
    const inOrder = cells.toSorted((a, b) => a.order - b.order);
    const pairs = inOrder.flatMap((cell, index) =>
      index % 2 === 0 ? [[cell, inOrder[index + 1]!]] : [],
    );
    for (const [first, second] of pairs) {
      expect(second).toMatchObject({ work: first!.work, repeat: first!.repeat });
      expect(second!.mode.cluster).not.toBe(first!.mode.cluster);
    }
    expect(new Set(pairs.map(([first]) => first!.mode.cluster)).size).toBe(2);
  });
});

describe('a scenario without a grid', () => {
  test('is compared over the modes given, at its own rate', () => {
    const grid = gridOf(steady, { axes: { ...free, flush: ['sync', 'async'] } });
    expect(modeIds(grid)).toEqual(['sync x quorum', 'async x quorum']);
    expect(ids(grid).toSorted()).toEqual(['async-quorum-price-5000', 'sync-quorum-price-5000']);
  });

  test('is compared by its own faults where it has some', () => {
    const grid = gridOf(leaderKill, { axes: { ...free, replication: ['none', 'quorum'] } });
    expect(ids(grid).toSorted()).toEqual(['sync-none-own-faults', 'sync-quorum-own-faults']);
    expect(grid.modes.map(({ nodes }) => nodes)).toEqual([3, 3]);
  });

  test('has nothing to leave out with --quick, and says so', () => {
    expect(() => gridOf(steady, { quick: true })).toThrow(
      /^--quick: scenario steady has no grid of which something could be left out$/,
    );
  });
});

test('a cell that is not in the grid is named, with the one that was meant', () => {
  expect(() => requireCells(['sync-quorum-prise-1000'], ids(gridOf(durability)))).toThrow(
    /^--only: there is no cell "sync-quorum-prise-1000" in this grid; did you mean "sync-quorum-price-1000"\?$/,
  );
});
