import type { SuiteMode, SuiteRecord } from '../../harness/record/suite.ts';
import { count, counted, listed } from '../format.ts';
import { differencesInWords } from '../differences.ts';
import { priceOfSafety } from '../price-of-safety.ts';
import { asSentence, type Headline } from '../words.ts';
import { faultNames, modeName, worths, type WorthSum } from './sums.ts';

/** What a suite says, in sentences; the same on the page, in the summary and in the test report. */
export interface SuiteHeadline extends Pick<Headline, 'word' | 'sentence' | 'doubts'> {
  /** How brokers or clusters differ, and what the steps to the safest mode cost and keep. */
  readonly price: readonly string[];
}

export function suiteHeadline(suite: SuiteRecord): SuiteHeadline {
  const word = ({ pass: 'PASS', fail: 'FAIL', inconclusive: 'INCONCLUSIVE' } as const)[
    suite.verdict
  ];
  return {
    word,
    sentence: sentenceOf(suite),
    price: [
      ...differencesInWords(suite).slice(0, differencesMax),
      ...priceOfSafety({ ...suite, modes: towardsSafest(suite.modes) }),
    ],
    doubts: suite.verdict === 'pass' ? [] : suite.reasons.map(asSentence),
  };
}

const namedMax = 3;
const differencesMax = 2;

function sentenceOf(suite: SuiteRecord): string {
  const all = worths(suite);
  const run = suite.cells.filter(({ state }) => state === 'done').length;
  if (run === 0) return `None of ${counted(suite.cells.length, 'cell')} has been run.`;
  if (suite.verdict === 'fail') {
    const broken = all.filter(({ observed }) => observed === 'violated');
    if (broken.length === 0) return 'A cell does not hold what was asked of it.';
    const more = broken.length - namedMax;
    const told = broken.slice(0, namedMax).map(brokenPromise);
    return `${[...told, ...(more > 0 ? [`and ${count(more)} more`] : [])].join('; ')}.`;
  }
  const open = suite.cells.filter(({ verdict }) => verdict !== 'pass').length;
  const losses = lossesOf(all);
  if (suite.verdict === 'inconclusive') {
    return `No promise was seen broken, but ${count(open)} of ${counted(suite.cells.length, 'cell')} ${open === 1 ? 'gives' : 'give'} no answer. ${losses}`.trimEnd();
  }
  if (all.length === 0)
    return 'Every mode was priced; nothing was broken, so no ack was put to the test.';
  const modes =
    suite.modes.length === 1 ? 'The mode keeps' : `All ${count(suite.modes.length)} modes keep`;
  return `${modes} what ${suite.modes.length === 1 ? 'it promises' : 'they promise'}. ${losses}`.trimEnd();
}

function brokenPromise({ mode, fault, lost, acked, promise }: WorthSum): string {
  const bound = { none: 'none', window: 'a bounded window', may: 'a tail' }[promise.loss];
  const what =
    lost === 0
      ? 'broke what it promises'
      : `lost ${count(lost)} of ${counted(acked, 'acked message')} where it may lose ${bound}`;
  return `${modeName(mode)} ${what} (${faultNames[fault]})`;
}

function lossesOf(all: readonly WorthSum[]): string {
  if (all.length === 0) return '';
  const lossy = new Set(all.filter(({ lost }) => lost > 0).map(({ mode }) => mode));
  if (lossy.size === 0) return 'No acked message was lost.';
  const lost = all.reduce((sum, worth) => sum + worth.lost, 0);
  const acked = all.reduce((sum, worth) => sum + worth.acked, 0);
  const clean = [...new Set(all.map(({ mode }) => mode))].filter((mode) => !lossy.has(mode));
  const others =
    clean.length === 0 ? '' : `, none of them by ${listed(clean.map((mode) => modeName(mode)))}`;
  const missed = all.reduce((sum, { passedOver }) => sum + passedOver, 0);
  const were = missed === 1 ? 'was' : 'were';
  const passed = `${counted(missed, 'message')} stored later ${were} passed over, as a mode allows.`;
  const later = missed === 0 ? '' : ` ${passed}`;
  return `${count(lost)} of ${counted(acked, 'acked message')} ${lost === 1 ? 'was' : 'were'} lost where a mode may lose them${others}.${later}`;
}

const flushes: readonly SuiteMode['flush'][] = ['os', 'async', 'sync'];
const replications: readonly SuiteMode['replication'][] = ['none', 'async', 'quorum'];

/**
 * The safest mode, the one that gives up its syncs and the one that gives up its copies: two steps
 * are what a first screen has room for.
 */
function towardsSafest(modes: readonly SuiteMode[]): SuiteMode[] {
  const rank = ({ flush, replication }: SuiteMode): number =>
    replications.indexOf(replication) * flushes.length + flushes.indexOf(flush);
  const [safest] = modes.toSorted((a, b) => rank(b) - rank(a));
  if (safest === undefined) return [];
  const alike = modes.filter(
    ({ target, cluster, axes }) =>
      target === safest.target &&
      cluster === safest.cluster &&
      axes.batch === safest.axes.batch &&
      axes.inFlight === safest.axes.inFlight,
  );
  const unsynced = alike.find(
    ({ flush, replication }) => flush === 'async' && replication === safest.replication,
  );
  const [uncopied] = alike
    .filter(
      ({ flush, replication }) => flush === safest.flush && replication !== safest.replication,
    )
    .toSorted((a, b) => rank(a) - rank(b));
  return [...new Set([unsynced, uncopied, safest])].flatMap((mode) => mode ?? []);
}
