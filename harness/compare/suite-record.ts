import { HarnessError } from '../errors.ts';
import { joinVerdicts } from '../judge/judgement.ts';
import { count, counted } from '../record/count.ts';
import { suiteSchemaId, type SuiteCell, type SuiteRecord } from '../record/suite.ts';
import { differencesOf } from './differences.ts';
import type { Grid } from './grid.ts';
import type { GridCell } from './grid-cell.ts';

/** More cells than these are only counted. */
const cellsToldMax = 6;

type Found = Pick<
  SuiteCell,
  'state' | 'note' | 'record' | 'verdict' | 'reasons' | 'price' | 'worth'
>;

/** The record of a suite of which nothing has been run yet. */
export function emptySuite(
  grid: Grid,
  about: Pick<SuiteRecord, 'id' | 'startedAt' | 'version' | 'command' | 'environment'>,
): SuiteRecord {
  const { scenario, seed, quick, repeats, modes } = grid;
  return concluded({
    schema: suiteSchemaId,
    ...about,
    endedAt: about.startedAt,
    seed,
    scenario: { name: scenario.name, question: scenario.question },
    quick,
    repeats,
    storage: { form: 'plain', why: 'no cell with a fault that needs more has been run' },
    engines: [],
    modes: [...modes],
    cells: grid.cells.map((cell) => ({
      id: cell.id,
      mode: cell.mode.id,
      kind: cell.work.kind,
      repeat: cell.repeat,
      order: cell.order,
      ...missing('not run yet'),
    })),
    sustainedRates: [],
    differences: [],
    verdict: 'inconclusive',
    reasons: [],
  });
}

/**
 * Throws a HarnessError `usage` where a suite that was begun cannot be gone on with: its cells would
 * stand beside those of another Ackworth, or of another grid.
 */
export function requireResumable(
  suite: SuiteRecord,
  { cells }: Pick<Grid, 'cells'>,
  present: string,
): void {
  const refuse = (why: string): HarnessError =>
    new HarnessError('usage', `cannot go on with ${suite.id}: ${why}; begin a new comparison`);
  if (suite.version !== present)
    throw refuse(`it was begun by Ackworth ${suite.version}, and this is ${present}`);
  const known = new Set(suite.cells.map(({ id }) => id));
  if (known.size !== cells.length || !cells.every(({ id }) => known.has(id)))
    throw refuse('its suite.json does not have the cells of its grid.json');
}

export function missing(note: string): Found {
  return { ...nothing, state: 'missing', note };
}

export function failed(note: string): Found {
  return { ...nothing, state: 'failed', note };
}

const nothing = { record: null, verdict: null, reasons: [], price: null, worth: null };

/** The suite with what was found for one cell, and its conclusions drawn again. */
export function withFound(
  suite: SuiteRecord,
  { id }: Pick<GridCell, 'id'>,
  found: Found,
): SuiteRecord {
  const cells = suite.cells.map((cell) => (cell.id === id ? { ...cell, ...found } : cell));
  return concluded({ ...suite, cells });
}

function concluded(suite: SuiteRecord): SuiteRecord {
  const verdict = joinVerdicts(suite.cells.map((cell) => cell.verdict ?? 'inconclusive'));
  return {
    ...suite,
    verdict,
    reasons: reasonsOf(suite),
    sustainedRates: sustainedRates(suite),
    differences: differencesOf(suite),
  };
}

/** A rate counts when all its repeats were run and sustained it. */
function sustainedRates({ modes, cells, repeats }: SuiteRecord): SuiteRecord['sustainedRates'] {
  return modes.map(({ id }) => {
    const prices = cells.filter(({ mode, kind }) => mode === id && kind === 'price');
    const kept = prices.flatMap(({ price }) => (price?.sustained ? price.targetRate : []));
    const rates = kept.filter((rate) => kept.filter((other) => other === rate).length >= repeats);
    return { mode: id, rate: rates.length === 0 ? null : Math.max(...rates) };
  });
}

function reasonsOf({ cells }: SuiteRecord): string[] {
  const violated = cells.filter(({ verdict }) => verdict === 'fail');
  const open = cells.filter(({ verdict }) => verdict === 'inconclusive');
  const broken = cells.filter(({ state }) => state === 'failed');
  const lacking = cells.filter(({ state }) => state === 'missing').length;
  const have = lacking === 1 ? 'has' : 'have';
  return [
    ...told(violated, ({ reasons }) => `is violated: ${reasons[0] ?? ''}`),
    ...told(open, ({ reasons }) => `is inconclusive: ${reasons[0] ?? ''}`),
    ...told(broken, ({ note }) => `could not be run: ${note}`),
    ...(lacking > 0
      ? [`${count(lacking)} of ${counted(cells.length, 'cell')} ${have} not been run`]
      : []),
  ];
}

function told(cells: readonly SuiteCell[], say: (cell: SuiteCell) => string): string[] {
  const more = cells.length - cellsToldMax;
  return [
    ...cells.slice(0, cellsToldMax).map((cell) => `${cell.id} ${say(cell)}`),
    ...(more > 0 ? [`and ${counted(more, 'more cell')} like the last of these`] : []),
  ];
}
