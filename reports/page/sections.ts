import { faultLossInWords } from '../../harness/record/loss-in-words.ts';
import type { Latency, RecordedFault, RunRecord } from '../../harness/record/record.ts';
import { accountingRows, type AccountingRow } from '../accounting.ts';
import { faultLabel } from '../charts/frame.ts';
import { count, counted, micros, moment, none, perSecond, percent, supported } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { asSentence, brief, faultTitle, limitBound, limitName, withUnit } from '../words.ts';
import { figure, tableOf, text, verdictMark, word } from './table.ts';
import { recoveryTime } from '../recovery-time.ts';

/** The sections of a single run that are tables: one function each. */

export function accountingSection(record: RunRecord): Markup {
  return html`<section id="accounting"><h2>Where every message went</h2>
${tableOf(
  'Accounting',
  [word('class'), figure('messages'), word(''), text('meaning')],
  accountingRows(record).map((row) => [
    row.name,
    accountingFigure(row),
    html`<span class="muted">${row.outOf}</span>`,
    row.meaning,
  ]),
)}</section>`;
}

export function accountingFigure({ figure, harm, amount }: AccountingRow): Markup {
  return harm && amount > 0 ? html`<strong class="bad">${figure}</strong>` : html`${figure}`;
}

type Anomaly = RunRecord['verdicts'][number]['anomalies'][number];

const order = ['invalid', 'unknown', 'valid', 'not-applicable'];

export function checksSection(record: RunRecord): Markup {
  const checks = record.verdicts.toSorted(
    (a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict),
  );
  return html`<section id="checks"><h2>Checks</h2>
${reasonsInFull(record)}
${
  checks.length === 0
    ? html`<p>No check was made.</p>`
    : tableOf(
        'Checks',
        [word('check'), word('verdict'), text('evidence')],
        checks.map(({ check, verdict, evidence, anomalies }) => [
          check,
          verdictMark(verdict),
          html`${evidence}${anomalies.map(
            (anomaly) =>
              html`<br><b>${anomaly.kind}: ${count(anomaly.count)}</b>${witnesses(anomaly, verdict)}`,
          )}`,
        ]),
      )
}</section>`;
}

/** What a pass rests on; or the reasons of which the first screen could show only a part. */
function reasonsInFull(record: RunRecord): Markup {
  const sentences = record.reasons.map(asSentence);
  if (record.verdict !== 'pass' && sentences.every((sentence) => brief(sentence) === sentence)) {
    return html``;
  }
  return html`${sentences.map((sentence) => html`<p>${sentence}</p>`)}`;
}

/** The first witnesses; folded away where they are no violation. */
function witnesses({ examples }: Anomaly, verdict: string): Markup {
  if (examples.length === 0) return html``;
  const list = html`<ul class="examples">${examples.map((each) => html`<li>${each}</li>`)}</ul>`;
  if (verdict !== 'valid') return list;
  return html`<details class="behind"><summary>Examples</summary>${list}</details>`;
}

export function limitsSection(record: RunRecord): Markup {
  if (record.limits.length === 0) {
    return html`<section id="limits"><h2>Limits</h2><p>The scenario sets no limit on rate, latency or recovery.</p></section>`;
  }
  return html`<section id="limits"><h2>Limits</h2>
${tableOf(
  'Limits',
  [word('limit'), word('verdict'), figure('allowed'), figure('measured'), text('evidence')],
  record.limits.map((limit) => [
    limitName(limit.name),
    verdictMark(limit.verdict),
    limitBound(limit),
    limit.actual === null ? none : withUnit(limit.actual, limit.unit),
    limit.evidence,
  ]),
)}</section>`;
}

export function faultsSection(record: RunRecord): Markup {
  if (record.faults.length === 0) {
    return html`<section id="faults"><h2>Faults</h2><p>No fault was injected.</p></section>`;
  }
  return html`<section id="faults"><h2>Faults</h2>
<p>A fault counts only when a probe from outside saw it act. Recovery runs from the moment it took effect to the ack
of the first message sent after it, once 99 % of what is offered is acked for 5 s; the worst client counts.
Exposed is what was acked and not yet safe from this fault, measured right before it, where the mode may lose at all.</p>
${tableOf(
  'Faults',
  [
    word(''),
    text('fault'),
    figure('requested'),
    figure('effective'),
    figure('healed'),
    figure('recovery'),
    figure('acked in the second before'),
    figure('exposed'),
    text('lost'),
    text('proof'),
  ],
  record.faults.map((fault, index) => [
    faultLabel(index),
    html`${faultTitle(fault)}<br><span class="muted">${fault.phase}</span>`,
    moment(fault.requestedAtMs),
    moment(fault.effectiveAtMs),
    moment(fault.healedAtMs),
    fault.rtoMs === null ? 'not measured' : recoveryTime(fault.rtoMs, fault),
    fault.exposedMessages === 0 ? 'none' : count(fault.exposedMessages),
    exposureOf(fault),
    faultLossInWords(record, fault) ?? 'none',
    html`${verdictMark(fault.proof.injected)} ${fault.proof.injectedEvidence}${
      fault.proof.healed !== null &&
      html`<br>healing ${verdictMark(fault.proof.healed)} ${fault.proof.healedEvidence}`
    }${fault.recoveryNote !== '' && html`<br><span class="muted">${fault.recoveryNote}</span>`}`,
  ]),
)}</section>`;
}

function exposureOf({ promise, exposure }: RecordedFault): string {
  if (promise === 'none') return 'must lose none';
  return exposure === null ? 'not measured' : count(exposure);
}

export function phasesSection(record: RunRecord): Markup {
  if (record.phases.length === 0) return html``;
  return html`<section id="phases"><h2>Phases</h2>
<p>What is not measured counts for safety, and not for rates and latency.</p>
${tableOf(
  'Phases',
  [
    word('phase'),
    figure('from'),
    figure('to'),
    figure('offered'),
    figure('acked'),
    figure('acked per second'),
    figure('response p50'),
    figure('p99'),
    figure('p99.9'),
    text(''),
  ],
  record.phases.map((phase) => [
    phase.name,
    moment(phase.startMs),
    moment(phase.endMs),
    count(phase.offered),
    count(phase.acked),
    phase.endMs > phase.startMs
      ? perSecond((phase.acked * 1000) / (phase.endMs - phase.startMs))
      : none,
    supported(phase.response.p50, 0.5, phase.response.count),
    supported(phase.response.p99, 0.99, phase.response.count),
    supported(phase.response.p999, 0.999, phase.response.count),
    phase.measured ? 'measured' : 'not measured',
  ]),
)}</section>`;
}

const kinds = [
  ['response', 'response', 'due → ack'],
  ['service', 'service', 'sent → ack'],
  ['endToEnd', 'end-to-end', 'due → consumer'],
  ['scheduleLag', 'schedule lag', 'due → sent'],
  ['failure', 'failure', 'due → failed or given up'],
] as const;

export function latencySection(record: RunRecord): Markup {
  const negative = Object.values(record.latency).reduce(
    (sum, latency) => sum + latency.negative,
    0,
  );
  return html`<section id="latency"><h2>Latency</h2>
<p>Over the measured phases. Nothing is dropped or clipped; “n &lt; 299” means too few samples to support that quantile.</p>
${tableOf(
  'Latency',
  [
    word('latency'),
    word('from → to'),
    figure('samples'),
    figure('min'),
    figure('p50'),
    figure('p90'),
    figure('p99'),
    figure('p99.9'),
    figure('max'),
  ],
  kinds.map(([key, name, span]) => [name, span, ...latencyCells(record.latency[key])]),
)}
${negative > 0 && html`<p class="doubt">${counted(negative, 'sample')} came out negative and ${negative === 1 ? 'was' : 'were'} left out: two clocks disagree.</p>`}
</section>`;
}

function latencyCells(latency: Latency): string[] {
  const { count: n } = latency;
  return [
    count(n),
    n === 0 ? none : micros(latency.min),
    supported(latency.p50, 0.5, n),
    supported(latency.p90, 0.9, n),
    supported(latency.p99, 0.99, n),
    supported(latency.p999, 0.999, n),
    n === 0 ? none : micros(latency.max),
  ];
}

export function trustSection(record: RunRecord): Markup {
  const { saturation, validity, latency } = record;
  const lagLimit = Math.max(5000, (latency.response.p99 ?? 0) / 10);
  return html`<section id="trust"><h2>Can the figures be trusted?</h2>
<p>${
    validity.state === 'trusted'
      ? 'The generator kept its own schedule, so rate and latency are the broker’s.'
      : 'The generator or the machine got in the way: rate and latency checks are unknown, safety checks stand.'
  }
${validity.reasons.join(' ')}</p>
${tableOf(
  'Self-measurement of the generator',
  [word('the generator about itself'), figure('measured'), text('what it means')],
  [
    [
      'saturated',
      saturation.saturated ? html`<span class="verdict doubt">yes</span>` : 'no',
      'Under 99 % of what was due offered in more than 1 % of the seconds, or its lag above the bound below.',
    ],
    [
      'short seconds',
      percent(saturation.shortSecondsFraction),
      'Share of seconds with an open window in which under 99 % of what was due was offered.',
    ],
    [
      'schedule lag p99',
      micros(saturation.scheduleLagP99Micros),
      `Due to sent; bound ${micros(lagLimit)} (5 ms, or a tenth of the response p99).`,
    ],
    [
      'event-loop delay p99',
      micros(saturation.eventLoopDelayP99Micros),
      'How late the generator’s own turns ran.',
    ],
    ['garbage collection', percent(saturation.gcFraction), 'Share of the time spent on it.'],
    ['CPU, busiest worker', percent(saturation.cpuFractionMax), 'Of one core.'],
  ],
)}</section>`;
}
