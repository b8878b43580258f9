import type { RunRecord } from '../../harness/record/record.ts';
import type { Drawing } from '../charts/render.ts';
import { count, counted, dateTime, micros, none, perSecond, supported } from '../format.ts';
import { html, trusted, type Markup } from '../markup.ts';
import { brief, groundOf, headlineOf, lossOf } from '../words.ts';
import { recoveryTime } from '../recovery-time.ts';

const tones = { PASS: 'good', FAIL: 'bad', INCONCLUSIVE: 'doubt' } as const;

/** The first screen: the verdict in words, what it rests on, any doubt, the figures, the faults. */
export function head(record: RunRecord, timeline: Drawing): Markup {
  const headline = headlineOf(record);
  const { target, cluster, durability, scenario } = record;
  return html`<header class="${record.verdict === 'fail' ? 'fails' : ''}">
<p class="run"><b>${scenario.name}</b> on ${target.name} ${target.version}, ${counted(cluster.nodes, 'node')}
(${groundOf(record)}), flush ${durability.flush} × replication ${durability.replication}, seed ${String(record.seed)},
<time datetime="${record.startedAt}">${dateTime(record.startedAt)}</time></p>
<h1><span class="word ${tones[headline.word]}">${headline.word}.</span> ${headline.sentence}</h1>
<div class="evidence"><p>${headline.evidence.join(' ')}</p>${headline.bound !== undefined && html`<p class="muted">${headline.bound}</p>`}</div>
${headline.doubts.length > 0 && html`<ul class="doubts">${headline.doubts.map((doubt) => html`<li>${brief(doubt)}</li>`)}</ul>`}
${figures(record)}
<figure aria-label="Timeline of faults"><div class="chart" tabindex="0" role="region" aria-label="Timeline">${trusted(timeline.inline)}</div></figure>
</header>`;
}

export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly beside: string;
}

/** The few figures that people quote. */
export function keyFigures(record: RunRecord): Figure[] {
  const { accounting: sums, latency, throughput, recovery } = record;
  const { response, endToEnd } = latency;
  const measured = response.count > 0;
  const worst = record.faults.find(({ rtoMs }) => rtoMs === recovery.rtoMs);
  const recovered = record.faults.filter(({ rtoMs }) => rtoMs !== null).length;
  const duplicates = sums.duplicatesBroker + sums.duplicatesProducerRetry;
  const lossKnown = lossOf(record) !== 'unknown';
  return [
    {
      name: 'acked per second',
      value: sums.acked === 0 ? 'nothing' : perSecond(throughput.acked),
      beside: `target ${perSecond(throughput.targetRate)}`,
    },
    {
      name: 'response p99',
      value: supported(response.p99, 0.99, response.count),
      beside: measured
        ? `p50\u00a0${micros(response.p50)}, p99.9\u00a0${supported(response.p999, 0.999, response.count)}`
        : 'due to ack',
    },
    {
      name: 'end-to-end p99',
      value: supported(endToEnd.p99, 0.99, endToEnd.count),
      beside: endToEnd.count > 0 ? `p50\u00a0${micros(endToEnd.p50)}` : 'due to consumer',
    },
    {
      name: 'recovery',
      value:
        record.faults.length === 0
          ? 'no fault'
          : recovery.rtoMs === null
            ? 'not measured'
            : recoveryTime(recovery.rtoMs, worst ?? {}),
      beside:
        record.faults.length === 0
          ? 'nothing to recover from'
          : record.faults.length === 1
            ? 'until all were served again'
            : recovery.rtoMs === null
              ? `known for ${recovered} of ${counted(record.faults.length, 'fault')}`
              : `worst of ${counted(record.faults.length, 'fault')}`,
    },
    {
      name: 'lost',
      value:
        sums.lost > 0
          ? count(sums.lost)
          : sums.acked === 0
            ? none
            : lossKnown
              ? 'none'
              : 'none seen',
      beside: sums.acked === 0 ? 'nothing was acked' : `of ${count(sums.acked)} acked`,
    },
    {
      name: 'out of order',
      value: sums.reordered > 0 ? count(sums.reordered) : sums.deliveries === 0 ? none : 'none',
      beside:
        sums.deliveries === 0
          ? 'nothing was delivered'
          : `of ${counted(sums.deliveries, 'delivery', 'deliveries')}`,
    },
    {
      name: 'duplicates',
      value: duplicates > 0 ? count(duplicates) : sums.inLog === 0 ? none : 'none',
      beside:
        sums.inLog === 0
          ? 'nothing is in the log'
          : sums.redelivered > 0
            ? `${count(sums.redelivered)} redelivered`
            : `of ${count(sums.inLog)} in the log`,
    },
  ];
}

function figures(record: RunRecord): Markup {
  return html`<dl class="figures">${keyFigures(record).map(
    ({ name, value, beside }) => html`<div><dt>${name}</dt>
<dd><span class="value">${value}</span><br><span class="beside">${beside}</span></dd></div>
`,
  )}</dl>`;
}
