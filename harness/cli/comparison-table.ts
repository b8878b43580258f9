import pc from 'picocolors';
import { differencesInWords } from '../../reports/differences.ts';
import { commonRate, priceOfSafety, responseP99 } from '../../reports/price-of-safety.ts';
import { gridFaults, type SuiteRecord } from '../record/suite.ts';
import { plainTable } from './verdict-table.ts';

const paint = { pass: pc.green, inconclusive: pc.yellow, fail: pc.red } as const;

/** A comparison as a person reads it: the verdict, a line per mode, and what it comes to in words. */
export function comparisonTable(suite: SuiteRecord): string {
  const { scenario, verdict, reasons, cells, modes } = suite;
  const heading = `${scenario.name}: ${paint[verdict](pc.bold(verdict.toUpperCase()))}`;
  const faults = [...gridFaults, 'own-faults' as const].filter((fault) =>
    cells.some(({ worth }) => worth?.fault === fault),
  );
  const ids = modes.map(({ id }) => id);
  const common = commonRate(suite, ...ids) ?? commonRate(suite, ...ids.filter(hasRate(suite)));
  const at = common === undefined ? '' : ` at ${whole(common)}/s`;
  const table = plainTable(
    ['mode', 'sustained', `p99${at}`, ...faults],
    [widest(ids), 12, 14, ...faults.map((fault) => fault.length + 4)],
  );
  for (const { id } of modes) {
    const rate = suite.sustainedRates.find((one) => one.mode === id)?.rate ?? null;
    const p99 = common === undefined ? undefined : responseP99(suite, id, common);
    table.push([
      id,
      rate === null ? '–' : `${whole(rate)}/s`,
      p99 === undefined ? '–' : `${(p99 / 1000).toFixed(2)} ms`,
      ...faults.map((fault) => lossOf(suite, id, fault)),
    ]);
  }
  return [
    '',
    heading,
    ...reasons.map((reason) => `  ${reason}`),
    '',
    table.toString(),
    '',
    ...[...differencesInWords(suite), ...priceOfSafety(suite)].map((sentence) => `  ${sentence}`),
    '',
  ].join('\n');
}

const modeWidthMin = 26;

/** Of the column of modes, with its padding. */
function widest(ids: readonly string[]): number {
  return Math.max(modeWidthMin, ...ids.map(({ length }) => length + 2));
}

/** A mode that sustained nothing must not keep the others from being compared. */
function hasRate({ sustainedRates }: SuiteRecord): (mode: string) => boolean {
  return (mode) => sustainedRates.some((one) => one.mode === mode && one.rate !== null);
}

function lossOf({ cells }: SuiteRecord, mode: string, fault: string): string {
  const found = cells.flatMap((cell) =>
    cell.mode === mode && cell.worth?.fault === fault ? [cell.worth] : [],
  );
  if (found.length === 0) return '–';
  const lost = found.reduce((sum, one) => sum + one.lost, 0);
  const text = lost === 0 ? 'none lost' : `${whole(lost)} lost`;
  if (found.some(({ observed }) => observed === 'violated')) return pc.red(`${text} (!)`);
  return found.some(({ observed }) => observed === 'inconclusive') ? pc.yellow(`${text}?`) : text;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
