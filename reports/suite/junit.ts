import type { SuiteCell, SuiteRecord } from '../../harness/record/suite.ts';
import { junitXml, type Case } from '../junit-xml.ts';
import { asSentence } from '../words.ts';
import { foundIn } from './tables.ts';
import { suiteHeadline } from './words.ts';

/**
 * A suite as JUnit XML: one case per cell. A broken promise is a failure; a cell that could not be
 * run is an error; an inconclusive or missing one is skipped, with the reason.
 */
export function suiteJunit(suite: SuiteRecord): string {
  const name = `ackworth.compare.${suite.scenario.name}`;
  return junitXml([
    {
      name,
      title: `${name} (seed ${suite.seed})`,
      startedAt: suite.startedAt,
      endedAt: suite.endedAt,
      properties: {
        suite: suite.id,
        command: suite.command,
        verdict: suiteHeadline(suite).sentence,
        version: suite.version,
      },
      cases: suite.cells.map(cellCase),
    },
  ]);
}

function cellCase(cell: SuiteCell): Case {
  const why = [cell.note, ...cell.reasons].filter((line) => line !== '').map(asSentence);
  const outcome =
    cell.state === 'failed'
      ? 'error'
      : cell.verdict === 'fail'
        ? 'failure'
        : cell.verdict === 'pass'
          ? 'passed'
          : 'skipped';
  return {
    group: cell.kind,
    name: cell.id,
    outcome,
    message: why[0] ?? foundIn(cell),
    details: [foundIn(cell), ...why, ...(cell.price?.doubtful ?? [])].join('\n'),
  };
}
