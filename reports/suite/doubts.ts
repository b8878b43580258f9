import type { SuiteCell, SuiteRecord } from '../../harness/record/suite.ts';
import { count, counted } from '../format.ts';

/** Everything that speaks against taking the figures at face value, the gravest first. */
export function doubtsOf(suite: SuiteRecord): string[] {
  const told = (is: (cell: SuiteCell) => string | undefined): string[] =>
    suite.cells.flatMap((cell) => {
      const why = is(cell);
      return why === undefined ? [] : `${cell.id}: ${why.replace(/[.!?]?$/, '.')}`;
    });
  const missing = suite.cells.filter(({ state }) => state === 'missing').length;
  return [
    ...told(({ verdict, reasons }) =>
      verdict === 'inconclusive'
        ? `inconclusive, ${reasons.join('; ') || 'no reason given'}`
        : undefined,
    ),
    ...told(({ state, note }) => (state === 'failed' ? `could not be run, ${note}` : undefined)),
    ...(missing > 0
      ? [
          `${count(missing)} of ${counted(suite.cells.length, 'cell')} ${missing === 1 ? 'has' : 'have'} not been run.`,
        ]
      : []),
    ...told(({ price }) =>
      price !== null && price.doubtful.length > 0
        ? `doubtful, ${price.doubtful.join('; ')}`
        : undefined,
    ),
    ...(suite.storage.form === 'emulated'
      ? [
          'Power cuts were emulated: that the disk forgets as a real one does rests on that part of Ackworth.',
        ]
      : []),
    suite.repeats === 1
      ? 'Each cell was run once: a difference of a few percent between two modes may be chance.'
      : `Each cell was run ${count(suite.repeats)} times; the worst is shown, not a confidence interval.`,
    'All nodes and the load share this one machine: rates compare the modes, and are no promise for another machine.',
  ];
}
