import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeRecord } from '../../reports/testing/record-builder.ts';
import { durability } from '../../scenarios/durability.ts';
import { HarnessError } from '../errors.ts';
import type { RunRecord } from '../record/record.ts';
import { readSuite } from '../record/read.ts';
import type { SuiteRecord } from '../record/suite.ts';
import { parseScenario } from '../scenario/parse.ts';
import { vocabulary } from '../vocabulary.ts';
import { makeGrid, type Grid } from './grid.ts';
import type { GridCell } from './grid-cell.ts';
import { priceOf } from './price.ts';
import { runSuite, type CellRun, type SuiteOptions } from './run-suite.ts';
import { createSuiteFolder, openSuiteFolder } from './suite-folder.ts';
import { emptySuite, requireResumable } from './suite-record.ts';

const record = makeRecord({ phases: [{ name: 'price', lengthMs: 3000 }], rate: 1000 });
const grid: Grid = makeGrid(parseScenario(durability, 'durability', vocabulary()), {
  seed: 7,
  repeats: 1,
  quick: true,
  storage: null,
  axes: {
    targets: [],
    clusters: [],
    flush: ['sync'],
    replication: [],
    batch: [],
    inFlight: [],
    rates: [],
  },
  faults: ['kill'],
  only: [],
});
const order = grid.cells.toSorted((a, b) => a.order - b.order).map(({ id }) => id);

let output: string;
let directory: string;
let fresh: SuiteRecord;
beforeEach(() => {
  output = mkdtempSync(join(tmpdir(), 'ackworth-suite-'));
  const folder = createSuiteFolder(output, grid, new Date('2026-01-01T00:00:00Z'));
  directory = folder.directory;
  fresh = emptySuite(grid, {
    id: folder.id,
    startedAt: '2026-01-01T00:00:00.000Z',
    version: '0.1.0',
    command: 'npx ackworth compare durability --seed 7',
    environment: record.environment,
  });
});
afterEach(() => rmSync(output, { recursive: true, force: true }));

/** Runs without running; `act` may change what a cell gives, throw, or interrupt. */
async function run(
  options: Partial<SuiteOptions> & {
    readonly act?: (cell: GridCell, interrupt: () => void) => Partial<RunRecord>;
  } = {},
): Promise<{ ran: string[]; told: string[]; suite: SuiteRecord }> {
  const controller = new AbortController();
  const ran: string[] = [];
  const told: string[] = [];
  const { act = () => ({}), ...others } = options;
  const suite = await runSuite({
    directory,
    grid,
    suite: fresh,
    again: [],
    signal: controller.signal,
    now: () => new Date('2026-01-01T00:01:00Z'),
    runCell: async (cell): Promise<CellRun> => {
      ran.push(cell.id);
      const found = { ...record, ...act(cell, () => controller.abort()) };
      const price = cell.work.kind === 'price' ? priceOf(found) : null;
      return { record: found, price, worth: null };
    },
    onCell: ({ id, state }, { done, total }) => told.push(`${id} ${state} ${done}/${total}`),
    ...others,
  });
  return { ran, told, suite };
}

const statesOf = ({ cells }: SuiteRecord): Record<string, string> =>
  Object.fromEntries(cells.map(({ id, state }) => [id, state]));

describe('a suite', () => {
  test('runs every cell once, in the order of the grid, and passes when all do', async () => {
    const { ran, told, suite } = await run();
    expect(ran).toEqual(order);
    expect(told.at(-1)).toBe(`${order.at(-1)} done ${order.length}/${order.length}`);
    expect(suite).toMatchObject({ verdict: 'pass', reasons: [] });
    expect(suite.cells[0]!.record).toBe(`cells/${suite.cells[0]!.id}/record.json`);
    expect(await readSuite(join(directory, 'suite.json'))).toEqual(suite);
  });

  test('keeps what its cells on an engine stood on', async () => {
    const { suite: processes } = await run();
    expect(processes.engines).toEqual([]);
    const on = (note: string): RunRecord['cluster'] => ({
      ...record.cluster,
      kind: 'docker',
      note,
    });
    const { suite } = await run({
      act: ({ id }) => ({ cluster: on(id === order.at(-1) ? 'new' : 'old') }),
    });
    expect(suite.engines).toEqual([{ cluster: 'docker', note: 'new' }]);
  });

  test('fails when one cell does, whatever the others say', async () => {
    const { suite } = await run({
      act: ({ id }) => {
        if (id === order[1]) return { verdict: 'fail', reasons: ['lost: 3 messages'] };
        return id === order[2] ? { verdict: 'inconclusive', reasons: ['drain: cut short'] } : {};
      },
    });
    expect(suite.verdict).toBe('fail');
    expect(suite.reasons).toEqual([
      `${order[1]} is violated: lost: 3 messages`,
      `${order[2]} is inconclusive: drain: cut short`,
    ]);
  });

  test('goes on past a cell that could not be run, and is inconclusive', async () => {
    const { ran, suite } = await run({
      act: ({ id }) => {
        if (id === order[0]) throw new HarnessError('cluster', 'node 1 did not start');
        return {};
      },
    });
    expect(ran).toEqual(order);
    expect(suite.verdict).toBe('inconclusive');
    expect(suite.reasons).toEqual([`${order[0]} could not be run: node 1 did not start`]);
  });

  test('ends at once where no cell can be run', async () => {
    const act = (): never => {
      throw new HarnessError('environment', 'xfs_io is missing');
    };
    await expect(run({ act })).rejects.toThrow('xfs_io is missing');
  });

  test('sustained the highest rate at which a mode kept up', async () => {
    const { suite } = await run({
      act: ({ mode, work }) => {
        if (work.kind !== 'price') return {};
        const kept = mode.id === 'sync x quorum' ? work.rate < 5000 : mode.id === 'sync x none';
        const acked = kept ? work.rate : work.rate / 2;
        return { throughput: { ...record.throughput, targetRate: work.rate, acked } };
      },
    });
    expect(suite.sustainedRates).toEqual([
      { mode: 'sync x none', rate: 8000 },
      { mode: 'sync x async', rate: null },
      { mode: 'sync x quorum', rate: 2000 },
    ]);
  });
});

describe('an interrupted suite', () => {
  test('of a single cell counts it as one', () => {
    const { reasons } = emptySuite({ ...grid, cells: grid.cells.slice(0, 1) }, fresh);
    expect(reasons).toEqual(['1 of 1 cell has not been run']);
  });

  test('counts the cell it was in as not run, and goes on there when resumed', async () => {
    const { ran, suite } = await run({
      act: ({ id }, interrupt) => {
        if (id === order[2]) interrupt();
        return {};
      },
    });
    expect(ran).toEqual(order.slice(0, 3));
    expect(statesOf(suite)[order[2]!]).toBe('missing');
    expect(suite.verdict).toBe('inconclusive');
    expect(suite.reasons).toEqual([
      `${order.length - 2} of ${order.length} cells have not been run`,
    ]);

    const begun = await readSuite(join(directory, 'suite.json'));
    const { grid: again } = await openSuiteFolder(directory);
    expect(again).toEqual(grid);
    const rest = await run({ suite: begun, grid: again });
    expect(rest.ran).toEqual(order.slice(2));
    expect(rest.suite.verdict).toBe('pass');
  });

  test('that is killed leaves the cells before as done, and the one it was in as missing', async () => {
    let left: SuiteRecord | undefined;
    await run({
      act: ({ id }) => {
        if (id === order[1]) {
          left = JSON.parse(readFileSync(join(directory, 'suite.json'), 'utf8')) as SuiteRecord;
        }
        return {};
      },
    });
    expect(statesOf(left!)[order[0]!]).toBe('done');
    expect(left!.cells.find(({ id }) => id === order[1])).toMatchObject({
      state: 'missing',
      note: 'its run was interrupted',
    });
  });

  test('is gone on with by the Ackworth that began it alone, and only with its own grid', () => {
    expect(() => requireResumable(fresh, grid, '0.1.0')).not.toThrow();
    expect(() => requireResumable(fresh, grid, '0.2.0')).toThrow(
      `cannot go on with ${fresh.id}: it was begun by Ackworth 0.1.0, and this is 0.2.0; begin a new comparison`,
    );
    const fewer = { cells: grid.cells.slice(1) };
    const renamed = { cells: grid.cells.map((cell) => ({ ...cell, id: `${cell.id}-2` })) };
    for (const other of [fewer, renamed])
      expect(() => requireResumable(fresh, other, '0.1.0')).toThrow('the cells of its grid.json');
  });

  test('is not begun a second time where nothing is left', async () => {
    const { suite } = await run();
    expect((await run({ suite })).ran).toEqual([]);
  });
});

describe('one cell', () => {
  test('is run again alone, and only its findings change', async () => {
    const { suite } = await run();
    const { ran, suite: after } = await run({
      suite,
      again: [order[3]!],
      act: () => ({ verdict: 'fail', reasons: ['lost: 1 message'] }),
    });
    expect(ran).toEqual([order[3]]);
    expect(after.verdict).toBe('fail');
    const others = ({ cells }: SuiteRecord) => cells.filter(({ id }) => id !== order[3]);
    expect(others(after)).toEqual(others(suite));
  });
});

test('a comparison is known by its own folder, also where it was asked for as the latest', async () => {
  const { id, directory: found } = await openSuiteFolder(join(output, 'latest'));
  expect(id).toBe(fresh.id);
  expect(found).toBe(realpathSync(directory));
});

test('a folder without a comparison is refused in one sentence', async () => {
  await expect(openSuiteFolder(output)).rejects.toThrow(
    /^cannot go on with .+: it holds no comparison \(there is no grid\.json\)$/,
  );
});

const damagedGrids = [
  '',
  'null',
  '[1]',
  '{"version":1}',
  '{"version":2}',
  '{"version":2,"cells":[],"modes":[]}',
];

test.each(damagedGrids)(
  'a folder whose grid.json holds %j is refused in one sentence',
  async (text) => {
    writeFileSync(join(directory, 'grid.json'), text);
    await expect(openSuiteFolder(directory)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(
        /^cannot go on with .+: its grid\.json (is damaged|has version)/,
      ) as string,
    });
  },
);
