import type { SuiteCell, SuiteMode, SuiteRecord } from '../harness/record/suite.ts';
import { count, listed, micros, percent, perSecond } from './format.ts';
import { lossInWords } from './loss-in-words.ts';

/** Two modes that differ in one choice, the second the safer one. */
interface Step {
  readonly from: SuiteMode;
  readonly to: SuiteMode;
  readonly words: string;
}

/**
 * What each step of safety costs here and what it is worth, as sentences for somebody who does not
 * read tables: made from the numbers alone, one per step, and what cannot be said is said so.
 */
export function priceOfSafety(suite: SuiteRecord): string[] {
  const told = stepsOf(suite.modes).flatMap((step) => {
    const [cost, worth] = [
      costOf(suite, step),
      lossInWords(suite, [step.from.id, step.to.id], ['the one', 'the other']),
    ];
    return cost === undefined && worth === undefined
      ? []
      : [`${[`${step.words} ${cost ?? 'has no price yet'}`, worth ?? []].flat().join('; ')}.`];
  });
  if (told.length === 0 && suite.differences.length === 0)
    told.push('No two modes were run of which one is a step safer.');
  return [...told, ...caveats(suite)];
}

/** From `async` or `os` to `sync`, and from fewer copies to a quorum; all else the same. */
function stepsOf(modes: readonly SuiteMode[]): Step[] {
  const steps: Step[] = [];
  const beside = ({ target, cluster, axes: { batch, inFlight } }: SuiteMode): SuiteMode[] =>
    modes.filter(
      (one) =>
        one.target === target &&
        one.cluster === cluster &&
        one.axes.batch === batch &&
        one.axes.inFlight === inFlight,
    );
  for (const to of modes) {
    for (const from of beside(to)) {
      const sameFlush = from.flush === to.flush;
      if (to.flush === 'sync' && from.flush === 'async' && from.replication === to.replication) {
        const copies = to.replication === 'none' ? 'without' : `with ${to.replication}`;
        const words = `Going from async to sync flush ${copies} replication`;
        steps.push({ from, to, words: `${words}${asides(to)}` });
      }
      if (sameFlush && to.replication === 'quorum' && from.replication !== 'quorum') {
        const nodes = from.nodes === to.nodes ? '' : ` (${from.nodes} to ${to.nodes} nodes)`;
        const none = from.replication === 'none';
        const copies = `${none ? 'no' : from.replication} to quorum replication`;
        const words = `Going from ${copies}${nodes} with ${to.flush} flush`;
        steps.push({ from, to, words: `${words}${asides(to)}` });
      }
    }
  }
  return steps;
}

function asides({ target, cluster, axes }: SuiteMode): string {
  const told = [
    ...(target === 'reference' ? [] : [target]),
    ...(cluster === 'process' ? [] : [cluster]),
    ...(axes.batch === undefined ? [] : [`batches of ${count(axes.batch)} bytes`]),
    ...(axes.inFlight === undefined ? [] : [`${count(axes.inFlight)} in flight`]),
  ];
  return told.length === 0 ? '' : ` (${told.join(', ')})`;
}

function costOf(suite: SuiteRecord, { from, to }: Step): string | undefined {
  const priced = (mode: SuiteMode): boolean =>
    suite.cells.some((cell) => cell.mode === mode.id && cell.price !== null);
  if (!priced(from) || !priced(to)) return undefined;
  const [before, after] = [from, to].map((mode) => sustainedRate(suite, mode.id));
  const told: string[] = [];
  if (before === null || before === undefined) {
    told.push('starts from a mode that sustained none of the rates');
  } else if (after === null || after === undefined) {
    told.push(`costs every rate that was tried (${perSecond(before)} before)`);
  } else if (after < before) {
    const share = percent(1 - after / before);
    told.push(
      `costs ${share} of the highest sustained rate (${perSecond(before)} to ${perSecond(after)})`,
    );
  } else {
    told.push(
      after === before
        ? `costs none of the rates that were tried (${perSecond(after)} both)`
        : `costs no rate (${perSecond(before)} to ${perSecond(after)})`,
    );
  }
  const common = commonRate(suite, from.id, to.id);
  if (common === undefined) return told[0]!;
  const [fromP99, toP99] = [from, to].map((mode) => responseP99(suite, mode.id, common)!);
  return `${told[0]!}, and at ${perSecond(common)} the p99 goes from ${micros(fromP99!)} to ${micros(toP99!)}`;
}

function sustainedRate({ sustainedRates }: SuiteRecord, mode: string): number | null {
  return sustainedRates.find((one) => one.mode === mode)?.rate ?? null;
}

/** The highest rate that all of these modes sustained with enough samples. */
export function commonRate(suite: SuiteRecord, ...modes: readonly string[]): number | undefined {
  const rates = [...new Set(suite.cells.flatMap(({ price }) => price?.targetRate ?? []))];
  return rates
    .toSorted((a, b) => b - a)
    .find((rate) => modes.every((mode) => responseP99(suite, mode, rate) !== undefined));
}

/** Microseconds, the worst of the repeats; undefined where not all sustained the rate. */
export function responseP99(suite: SuiteRecord, mode: string, rate: number): number | undefined {
  const prices = suite.cells.flatMap(({ mode: of, price }) =>
    of === mode && price?.targetRate === rate ? [price] : [],
  );
  const p99s = prices.map(({ sustained, response }) => (sustained ? response.p99 : null));
  return p99s.length === 0 || p99s.includes(null) ? undefined : Math.max(...p99s.map(Number));
}

function caveats({ cells }: SuiteRecord): string[] {
  const kinds = [
    ['broke its promise', 'broke their promise', ({ verdict }: SuiteCell) => verdict === 'fail'],
    ['is inconclusive', 'are inconclusive', ({ verdict }: SuiteCell) => verdict === 'inconclusive'],
    [
      'has doubtful figures',
      'have doubtful figures',
      ({ price }: SuiteCell) => (price?.doubtful.length ?? 0) > 0,
    ],
    ['was not run', 'were not run', ({ state }: SuiteCell) => state !== 'done'],
  ] as const;
  const told = kinds.flatMap(([one, many, is]) => {
    const found = cells.filter(is).length;
    return found === 0 ? [] : [`${count(found)} ${found === 1 ? one : many}`];
  });
  return told.length === 0 ? [] : [`Of ${count(cells.length)} cells, ${listed(told)}.`];
}
