import type {
  ModeDifference,
  PairedDifference,
  SuiteMode,
  SuiteRecord,
} from '../harness/record/suite.ts';
import { count, counted, micros, percent, perSecond } from './format.ts';
import { lossInWords } from './loss-in-words.ts';

/**
 * How modes differ that differ in one word alone, another broker or another cluster: as sentences
 * for somebody who does not read tables. What repeats of the same runs cannot tell from chance is
 * said to be so, and never given as a difference.
 */
export function differencesInWords(suite: SuiteRecord): string[] {
  return suite.differences.map((difference) => {
    const { word } = difference;
    const [from, to] = modesOf(suite, difference);
    const worth = lossInWords(suite, [from.id, to.id], [from[word], to[word]]);
    const told = [sustainedWords(suite, difference), latencyWords(difference), worth];
    const known = told.flatMap((part) => part ?? []);
    return `${nameOf(suite, difference)}: ${known.join('; ') || 'not compared yet'}.`;
  });
}

/** "docker beside process, sync × quorum" */
export function nameOf(suite: SuiteRecord, difference: ModeDifference): string {
  const { word } = difference;
  const [from, to] = modesOf(suite, difference);
  const { flush, replication, axes } = to;
  const other = word === 'target' ? 'cluster' : 'target';
  const varied = new Set(suite.modes.map((mode) => mode[other])).size > 1;
  const alike = [
    ...(varied ? [to[other]] : []),
    `${flush} × ${replication}`,
    ...(axes.batch === undefined ? [] : [`batches of ${count(axes.batch)} bytes`]),
    ...(axes.inFlight === undefined ? [] : [`${count(axes.inFlight)} in flight`]),
  ];
  return `${to[word]} beside ${from[word]}, ${alike.join(', ')}`;
}

/** What is known of a difference: nothing of one pair, nor where its pairs scatter around none. */
export type Certainty = 'more' | 'less' | 'noise' | 'one-pair' | 'doubtful';

export function certaintyOf(
  { low, high }: PairedDifference,
  { doubtful }: Pick<ModeDifference['rates'][number], 'doubtful'>,
): Certainty {
  if (doubtful > 0) return 'doubtful';
  if (low === null || high === null) return 'one-pair';
  if (low > 0) return 'more';
  return high < 0 ? 'less' : 'noise';
}

/** "+210 µs (+33.9 %)" */
export function deltaWords({ delta, from }: PairedDifference): string {
  const share = from > 0 ? ` (${signed(delta, percent(delta / from))})` : '';
  return `${signed(delta, micros(delta))}${share}`;
}

/** "+180 µs to +240 µs" */
export function intervalWords({ low, high }: PairedDifference): string | undefined {
  if (low === null || high === null) return undefined;
  return `${signed(low, micros(low))} to ${signed(high, micros(high))}`;
}

function signed(value: number, text: string): string {
  return value > 0 ? `+${text}` : text;
}

function modesOf({ modes }: SuiteRecord, { from, to }: ModeDifference): [SuiteMode, SuiteMode] {
  const named = (id: string): SuiteMode => modes.find((mode) => mode.id === id)!;
  return [named(from), named(to)];
}

function sustainedWords(
  suite: SuiteRecord,
  { from, to, rates }: ModeDifference,
): string | undefined {
  if (rates.length === 0) return undefined;
  const priced = suite.cells.filter(
    ({ kind, mode }) => kind === 'price' && [from, to].includes(mode),
  );
  if (priced.some(({ price }) => price === null))
    return 'highest sustained rates are not compared, since not every rate was run in both';
  const rateOf = (mode: string): number | null =>
    suite.sustainedRates.find((one) => one.mode === mode)?.rate ?? null;
  const [before, after] = [rateOf(from), rateOf(to)];
  if (before === after) {
    if (before === null) return 'neither sustained a rate that was tried';
    const highest = before === Math.max(...rates.map(({ rate }) => rate));
    const limit = highest ? ', the highest that was tried' : '';
    return `highest sustained rate ${perSecond(before)}${limit}, the same`;
  }
  const words = (rate: number | null): string => (rate === null ? 'none' : perSecond(rate));
  const told = `highest sustained rate ${words(after)} instead of ${words(before)}`;
  const higher = rates.find(({ rate }) => rate === Math.max(before ?? 0, after ?? 0));
  if (higher === undefined) return told;
  const { pairs, rate, sustained } = higher;
  const share = `${count(sustained.to)} against ${count(sustained.from)}`;
  return `${told} (${perSecond(rate)} in ${share} of ${counted(pairs, 'run')})`;
}

/** At the highest rate that both sustained in every pair. */
function latencyWords({ rates }: ModeDifference): string | undefined {
  const common = rates.findLast(
    ({ pairs, sustained }) => pairs > 0 && sustained.from === pairs && sustained.to === pairs,
  );
  if (common === undefined) return undefined;
  const { rate, pairs, service, response } = common;
  const told = [
    ['service p50', service.p50],
    ['service p99', service.p99],
    ['response p99', response.p99],
  ] as const;
  const parts = told.flatMap(([name, found]) =>
    found === null ? [] : [`${name} ${deltaWords(found)}${doubtWords(found, common)}`],
  );
  if (parts.length === 0) return undefined;
  const alone = pairs === 1 ? ' (one pair cannot tell a difference from chance: --repeats)' : '';
  return `at ${perSecond(rate)}, over ${counted(pairs, 'pair')} of runs${alone}, ${parts.join(', ')}`;
}

function doubtWords(found: PairedDifference, rate: ModeDifference['rates'][number]): string {
  const interval = intervalWords(found);
  const range = interval === undefined ? '' : `95 % from ${interval}`;
  switch (certaintyOf(found, rate)) {
    case 'more':
    case 'less':
      return `, ${range}`;
    case 'noise':
      return `, within the noise of the repeats: ${range}`;
    case 'doubtful':
      return `, doubtful: ${count(rate.doubtful)} of the pairs have figures that cannot be trusted`;
    case 'one-pair':
      return rate.pairs === 1 ? '' : `, of one pair of ${count(rate.pairs)}`;
  }
}
