import type { SuiteRecord } from '../../harness/record/suite.ts';
import { differencesInWords, nameOf } from '../differences.ts';
import { count, counted, dateTime, micros, millis, none, perSecond } from '../format.ts';
import { details, fenced, joinSections, plain, signs, table } from '../markdown.ts';
import { priceOfSafety, responseP99 } from '../price-of-safety.ts';
import { differenceColumns, differenceRows } from './differences.ts';
import { lossClasses } from './classes.ts';
import { doubtsOf } from './doubts.ts';
import { exposureWords } from './loss-chart.ts';
import {
  faultNames,
  faultsOf,
  modeName,
  rateInCommon,
  sustainedRate,
  worthOf,
  worths,
} from './sums.ts';
import { suiteHeadline } from './words.ts';

/** What a pull request shows of a suite: verdict, the paragraph, a line per mode, the promises. */
export function suiteSummary(suite: SuiteRecord): string {
  const { word, sentence, price, doubts } = suiteHeadline(suite);
  const steps = priceOfSafety(suite);
  const list = (items: readonly string[]): string =>
    items.map((item) => `- ${plain(item)}\n`).join('');
  const head = [
    `## ${signs[word]} ${word}: ${plain(sentence)}`,
    '',
    `${plain(suite.scenario.name)}, ${counted(suite.modes.length, 'mode')}, ${counted(suite.cells.length, 'cell')}, ` +
      `seed ${suite.seed}, ${dateTime(suite.startedAt)}`,
    '',
    plain(price.join(' ')),
    '',
    ...doubts.map((doubt) => `- **Why not more:** ${plain(doubt)}`),
    '',
  ];
  return joinSections([
    head.join('\n'),
    modes(suite),
    differences(suite),
    promises(suite),
    ...(steps.length === 0 ? [] : [details('What each step of safety costs', list(steps))]),
    details('Doubts', list(doubtsOf(suite))),
    details('Do it again', `${fenced(suite.command)}\n`),
  ]);
}

function modes(suite: SuiteRecord): string {
  const common = rateInCommon(suite);
  const faults = faultsOf(suite);
  const rows = suite.modes.map((mode) => {
    const rate = sustainedRate(suite, mode);
    const p99 = common === undefined ? undefined : responseP99(suite, mode.id, common);
    return [
      modeName(mode),
      rate === null ? none : perSecond(rate),
      p99 === undefined ? none : micros(p99),
      ...faults.map((fault) => {
        const worth = worthOf(suite, mode, fault);
        if (worth === undefined) return none;
        const { sign, label } = lossClasses[worth.observed];
        return `${sign} ${worth.lost > 0 ? `${count(worth.lost)} ` : ''}${label}`;
      }),
    ];
  });
  const at = common === undefined ? 'p99' : `p99 at ${perSecond(common)}`;
  const columns = ['mode', 'sustained', at, ...faults.map((fault) => faultNames[fault])];
  return `### Modes\n\n${table(columns, rows)}`;
}

function differences(suite: SuiteRecord): string {
  if (suite.differences.length === 0) return '';
  const told = differencesInWords(suite).map((sentence) => `- ${plain(sentence)}\n`);
  const rows = suite.differences.flatMap((difference) =>
    differenceRows(difference).map((row) => [nameOf(suite, difference), ...row]),
  );
  const behind = details(
    'Side by side',
    table(['second beside first', ...differenceColumns], rows),
  );
  return `### Side by side\n\n${told.join('')}\n${behind}`;
}

function promises(suite: SuiteRecord): string {
  const rows = worths(suite).map((worth) => [
    modeName(worth.mode),
    faultNames[worth.fault],
    { none: 'none lost', window: 'window', may: 'may lose' }[worth.promise.loss],
    lossClasses[worth.observed].label,
    worth.lost === 0 ? 'none' : count(worth.lost),
    count(worth.acked),
    exposureWords(worth),
    millis(worth.recoveryMs),
  ]);
  if (rows.length === 0) return '';
  const columns = ['mode', 'fault', 'promised', 'observed', 'lost', 'acked', 'exposed', 'recovery'];
  return details('Promised and observed', table(columns, rows));
}
