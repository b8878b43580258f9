import type { ModeDifference, PairedDifference, SuiteRecord } from '../../harness/record/suite.ts';
import {
  certaintyOf,
  deltaWords,
  differencesInWords,
  intervalWords,
  nameOf,
  type Certainty,
} from '../differences.ts';
import { count, micros, none, perSecond } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { figure, groupedTable, text, word } from '../page/table.ts';

const certainties: Readonly<Record<Certainty, string>> = {
  more: 'more',
  less: 'less',
  noise: 'within the noise of the repeats',
  'one-pair': 'one pair: not known',
  doubtful: 'doubtful figures',
};

const latencies = [
  ['service', 'service'],
  ['response', 'response'],
  ['end-to-end', 'endToEnd'],
] as const;

export const differenceColumns = [
  'rate',
  'what',
  'first',
  'second',
  'difference',
  '95 %',
  'pairs',
  'is',
] as const;

/** A row per rate and quantity, as text; `first` is what the second is compared with. */
export function differenceRows({ rates }: ModeDifference): string[][] {
  return rates.flatMap((rate) => {
    const { sustained, pairs } = rate;
    const of = (kept: number): string => `${count(kept)} of ${count(pairs)}`;
    const runs = [of(sustained.from), of(sustained.to), none, none, count(pairs), ''];
    const found = latencies.flatMap(([name, latency]) =>
      (['p50', 'p99'] as const).flatMap((quantile) => {
        const one = rate[latency][quantile];
        return one === null ? [] : [latencyRow(`${name} ${quantile}`, one, rate)];
      }),
    );
    return [['sustained', ...runs], ...found].map((row) => [perSecond(rate.rate), ...row]);
  });
}

function latencyRow(
  name: string,
  found: PairedDifference,
  rate: ModeDifference['rates'][number],
): string[] {
  return [
    name,
    micros(found.from),
    micros(found.to),
    deltaWords(found),
    intervalWords(found) ?? none,
    count(found.pairs),
    certainties[certaintyOf(found, rate)],
  ];
}

/** Empty where no two modes differ in a broker or a cluster alone. */
export function differencesSection(suite: SuiteRecord): Markup {
  if (suite.differences.length === 0) return html``;
  const columns = differenceColumns.map((label) => {
    if (label === 'rate') return word(label);
    return label === 'what' || label === 'is' ? text(label) : figure(label);
  });
  return html`<section id="differences"><h2>Side by side</h2>
<ul class="steps">${differencesInWords(suite).map((sentence) => html`<li>${sentence}</li>`)}</ul>
<p>A pair is the same repeat of the same rate in both, run one close to the other; means over the pairs in which both sustained the rate. Of twenty intervals of 95 %, one may miss what is so.</p>
${groupedTable(
  'Side by side',
  columns,
  suite.differences.map((difference) => ({
    name: nameOf(suite, difference),
    rows: differenceRows(difference),
  })),
)}</section>`;
}
