import { describe, expect, test } from 'vitest';
import { durability } from '../../scenarios/durability.ts';
import { leaderKill } from '../../scenarios/leader-kill.ts';
import { mayWait } from '../nemesis/may-wait.ts';
import { parseScenario } from '../scenario/parse.ts';
import type { ScenarioInput } from '../scenario/schema.ts';
import type { Vocabulary } from '../scenario/semantics.ts';
import { vocabulary } from '../vocabulary.ts';
import { plannedLoadMs, scenarioOfCell } from './cell-scenario.ts';
import { makeGrid, type Grid, type GridOptions } from './grid.ts';

const words: Vocabulary = vocabulary();
const axes = {
  targets: [],
  clusters: [],
  flush: [],
  replication: [],
  batch: [],
  inFlight: [],
  rates: [],
};

function gridOf(input: ScenarioInput, changes: Partial<GridOptions> = {}): Grid {
  const options = {
    seed: 1,
    repeats: 1,
    quick: false,
    storage: null,
    axes,
    faults: ['kill'],
    only: [],
    ...changes,
  };
  return makeGrid(parseScenario(input, input.name, words), options);
}

function scenarioOf(grid: Grid, id: string) {
  return scenarioOfCell(
    grid,
    grid.cells.find((cell) => cell.id === id)!,
    words,
  );
}

describe('the scenario of a cell', () => {
  test('that contradicts itself is named by its cell, not by options that nobody gave', () => {
    const plannedOf = (changes: Partial<GridOptions>) => () =>
      plannedLoadMs(gridOf(durability, { faults: ['power-cut'], ...changes }), words);
    expect(plannedOf({ storage: 'plain' })).toThrow(
      /^durability, cell sync-none-power-cut-leader: storage\.form is "plain", and "power-cut" can act only on/,
    );
    expect(plannedOf({ axes: { ...axes, batch: [3 * 1024 ** 2] } })).toThrow(
      /^durability, cell sync-none-price-\d+: workload\.batchSize must be at most 1 MiB/,
    );
  });

  test('that asks for a price is one rate in one mode, with nothing broken', () => {
    const scenario = scenarioOf(gridOf(durability), 'async-none-price-4000');
    expect(scenario.nodes).toBe(1);
    expect(scenario.topic).toMatchObject({ flush: 'async', replication: 'none' });
    expect(scenario.workload).toMatchObject({ rate: 4000, overtime: 1000 });
    expect(scenario.phases).toEqual([{ name: 'price', duration: 5000, faults: [] }]);
    expect(scenario.grid).toBeUndefined();
  });

  test('that asks for a worth breaks one thing, at the rate of the scenario', () => {
    const scenario = scenarioOf(gridOf(durability), 'sync-quorum-kill-leader');
    expect(scenario.nodes).toBe(3);
    expect(scenario.workload.rate).toBe(2000);
    expect(scenario.checks).toBeUndefined();
    const [phase] = scenario.phases;
    expect(phase!.faults).toEqual([
      { fault: 'kill', target: 'leader', with: {}, at: 2000, for: 3000 },
    ]);
    // Until it is healed, and five seconds of service and an election after that.
    expect(phase!.duration).toBeGreaterThanOrEqual(2000 + 3000 + 5000 + 1000);
  });

  test('of async replication holds the followers back beforehand, and until it is over', () => {
    const scenario = scenarioOf(gridOf(durability), 'sync-async-kill-leader');
    const lag = { delayMs: 400, from: 'nodes', direction: 'out' };
    expect(scenario.phases[0]!.faults).toEqual([
      { fault: 'delay', target: 'leader', with: lag, at: 0, for: 6100 },
      { fault: 'kill', target: 'leader', with: {}, at: 2000, for: 3000 },
    ]);
  });

  test.each([true, false])('lets what it is about wait for a stake (quick: %s)', (quick) => {
    const faults = words.faults.map(({ kind }) => kind);
    const grid = gridOf(durability, { quick, faults });
    const prepared = grid.cells.flatMap(({ id }) => {
      const { faults } = scenarioOf(grid, id).phases[0]!;
      return faults.length > 1 ? [{ id, faults }] : [];
    });
    expect(prepared.length).toBeGreaterThan(3);
    for (const { id, faults } of prepared) {
      const planned = faults.map(({ at, for: lasts }, index) => {
        const atMs = Number(at);
        return { id: index, atMs, healAtMs: atMs + Number(lasts) };
      });
      expect(mayWait(planned.at(-1)!, planned), id).toBe(true);
    }
  });

  test('of a quorum without syncs leaves the leader needed for it before its power is cut', () => {
    const withPower = { faults: ['kill', 'delay', 'power-cut'] };
    const faultsOf = (id: string) => {
      const { phases } = scenarioOf(gridOf(durability, withPower), id);
      return phases[0]!.faults.map(({ fault, target }) => `${fault} ${target}`);
    };
    const lagging = ['delay follower', 'power-cut leader'];
    expect(faultsOf('async-quorum-power-cut-leader')).toEqual(lagging);
    expect(faultsOf('os-quorum-power-cut-leader')).toEqual(lagging);
    expect(faultsOf('sync-quorum-power-cut-leader')).toEqual(['power-cut leader']);
    expect(faultsOf('async-quorum-power-cut-all')).toEqual(['power-cut all-nodes']);
    expect(faultsOf('async-quorum-kill-leader')).toEqual(['kill leader']);
    expect(faultsOf('async-none-power-cut-leader')).toEqual(['power-cut leader']);
  });

  test('lets the leader of async replication come back last when all lose their power', () => {
    const grid = gridOf(durability, { faults: ['delay', 'power-cut'] });
    const optionsOf = (id: string) => scenarioOf(grid, id).phases[0]!.faults.at(-1)!.with;
    expect(optionsOf('sync-async-power-cut-all')).toEqual({ back: 'leader-last' });
    expect(optionsOf('sync-quorum-power-cut-all')).toEqual({});
    expect(optionsOf('sync-async-power-cut-leader')).toEqual({});
  });

  test('does not wait for an election where nobody is left to elect', () => {
    const grid = gridOf(durability);
    const phaseOf = (id: string) => scenarioOf(grid, id).phases[0]!;
    expect(phaseOf('sync-none-kill-leader').faults[0]!.for).toBeLessThan(
      phaseOf('sync-quorum-kill-leader').faults[0]!.for!,
    );
  });

  test('is short with --quick, and says nothing about a recovery then', () => {
    const grid = gridOf(durability, { quick: true });
    expect(scenarioOf(grid, 'sync-quorum-kill-leader').checks).not.toContain('recovery');
    expect(scenarioOf(grid, 'sync-quorum-kill-leader').checks).toContain('lost');
    expect(scenarioOf(grid, 'sync-none-price-8000').phases[0]!.duration).toBe(3000);
    const planned = plannedLoadMs(grid, words);
    expect(planned.get('sync-none-price-8000')).toBe(4000);
    expect(planned.get('sync-quorum-kill-leader')).toBe(5000);
  });

  test('without a grid is the scenario itself in another mode', () => {
    const grid = gridOf(leaderKill, { axes: { ...axes, flush: ['async'], inFlight: [50] } });
    const scenario = scenarioOf(grid, 'async-quorum-own-faults');
    const itself = parseScenario(leaderKill, 'leader-kill', words);
    expect(scenario.phases).toEqual(itself.phases);
    expect(scenario.topic.flush).toBe('async');
    expect(scenario.workload).toEqual({ ...itself.workload, inFlightMax: 50 });
  });

  test('that asks for a price breaks nothing, also where the scenario does', () => {
    const grid = gridOf(leaderKill, { axes: { ...axes, rates: [100] } });
    const scenario = scenarioOf(grid, 'sync-quorum-price-100');
    expect(scenario.phases.flatMap(({ faults }) => faults)).toEqual([]);
    expect(scenario.workload.rate).toBe(100);
  });

  test('that cannot be run is refused before any is', () => {
    const grid = gridOf(durability, { axes: { ...axes, batch: [4 * 1024 ** 2] } });
    expect(() => plannedLoadMs(grid, words)).toThrow(/workload\.batchSize must be at most 1 MiB/);
  });
});
