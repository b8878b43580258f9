import type { SuiteCell, SuiteRecord } from '../harness/record/suite.ts';
import { count, listed } from './format.ts';

const faultWords: Readonly<Record<string, string>> = {
  'kill-leader': 'the leader was killed',
  'power-cut-leader': 'the leader lost its power',
  'power-cut-all': 'all nodes lost their power',
  'cut-off-leader': 'the leader was cut off',
  'own-faults': 'the faults of the scenario struck',
};

/**
 * What two modes lost under the faults that struck both: "neither lost an acked message when ...".
 * Undefined where none did that shows something. `modes` are ids, `names` how they are spoken of.
 */
export function lossInWords(
  suite: SuiteRecord,
  modes: readonly [string, string],
  names: readonly [string, string],
): string | undefined {
  const faults = Object.keys(faultWords).flatMap((fault) => {
    const [from, to] = modes.map((mode) => sumOf(suite, mode, fault));
    return from === undefined || to === undefined ? [] : [{ fault, from, to }];
  });
  if (faults.length === 0) return undefined;
  const differ = faults.filter(({ from, to }) => from.lost > 0 || to.lost > 0);
  if (differ.length === 0) {
    return `neither lost an acked message when ${listed(faults.map(({ fault }) => faultWords[fault]!))}`;
  }
  return differ
    .map(({ fault, from, to }) => {
      const says = ({ lost, acked }: Sum): string =>
        lost === 0 ? 'none' : `${count(lost)} of ${count(acked)} acked messages`;
      return `when ${faultWords[fault]}, ${names[0]} lost ${says(from)} and ${names[1]} ${says(to)}`;
    })
    .join('; ');
}

interface Sum {
  readonly lost: number;
  readonly acked: number;
}

/** Over the repeats; undefined unless at least one was run and shows something. */
function sumOf(suite: SuiteRecord, mode: string, fault: string): Sum | undefined {
  const found = suite.cells.flatMap((cell) =>
    cell.mode === mode && cell.worth?.fault === fault && shows(cell) ? [cell.worth] : [],
  );
  if (found.length === 0) return undefined;
  return found.reduce<Sum>(
    (sum, { lost, acked }) => ({ lost: sum.lost + lost, acked: sum.acked + acked }),
    { lost: 0, acked: 0 },
  );
}

function shows({ worth }: SuiteCell): boolean {
  return worth !== null && (worth.observed !== 'inconclusive' || worth.lost > 0);
}
