import type { SuiteMode, SuiteRecord } from '../../harness/record/suite.ts';
import { heatRoles } from '../charts/theme.ts';
import { count, micros, perSecond } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { responseP99 } from '../price-of-safety.ts';
import { lossClasses } from './classes.ts';
import { lossClassOf, pricesOf, rateInCommon, sustainedRate, worths } from './sums.ts';

/**
 * Flush x replication with the figures in it, shaded by the highest sustained rate. The shades are
 * the first of the heat map, on which text is readable in both themes; the figures say it all.
 */
export function modeTable(suite: SuiteRecord): Markup {
  const groups = groupsOf(suite.modes);
  return html`${groups.map(([name, modes]) => table(suite, name, modes))}`;
}

const flushes = ['sync', 'async', 'os'] as const;
const replications = ['none', 'async', 'quorum'] as const;
const shades = ['shade', ...heatRoles.slice(0, 3)];

/** One table for each choice of broker, cluster, batch and in-flight. */
function groupsOf(modes: readonly SuiteMode[]): [string, SuiteMode[]][] {
  const groups = new Map<string, SuiteMode[]>();
  for (const mode of modes) {
    const { batch, inFlight } = mode.axes;
    const name = [
      mode.target,
      ...(mode.cluster === 'process' ? [] : [mode.cluster]),
      ...(batch === undefined ? [] : [`batches of ${count(batch)} bytes`]),
      ...(inFlight === undefined ? [] : [`${count(inFlight)} in flight`]),
    ].join(', ');
    groups.set(name, [...(groups.get(name) ?? []), mode]);
  }
  return [...groups];
}

function table(suite: SuiteRecord, name: string, modes: readonly SuiteMode[]): Markup {
  const rows = flushes.filter((flush) => modes.some((mode) => mode.flush === flush));
  const columns = replications.filter((one) => modes.some((mode) => mode.replication === one));
  const common = rateInCommon(suite);
  const lower = common === undefined ? '' : `, then response p99 at ${perSecond(common)}`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Flush and replication, ${name}"><table class="modes">
<caption>${name}: highest sustained rate (the darker, the higher)${lower}, and what was lost</caption>
<thead><tr><th scope="col">flush ↓ replication →</th>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows.map(
    (flush) => html`<tr><th scope="row">${flush}</th>${columns.map((replication) => {
      const found = modes.filter(
        (mode) => mode.flush === flush && mode.replication === replication,
      );
      const [first] = found;
      return first === undefined
        ? html`<td class="muted">not in the grid</td>`
        : html`<td style="background:var(--${shadeOf(suite, first)})">${found.map((mode) => modeFigures(suite, mode, common))}</td>`;
    })}</tr>
`,
  )}</tbody></table></div>`;
}

function modeFigures(suite: SuiteRecord, mode: SuiteMode, common: number | undefined): Markup {
  const p99 = common === undefined ? undefined : responseP99(suite, mode.id, common);
  const { sign, label } = lossClasses[lossClassOf(suite, mode)];
  const lost = worths(suite).reduce(
    (sum, worth) => sum + (worth.mode === mode ? worth.lost : 0),
    0,
  );
  const some = lost > 0 ? `${count(lost)} ` : '';
  return html`<div><b>${rateWords(suite, mode)}</b><br>${p99 === undefined ? 'no p99 to compare' : `p99 ${micros(p99)}`}<br><span aria-hidden="true">${sign} </span>${some}${label}</div>`;
}

/** "at least" where the highest rate that was tried was sustained: the limit lies beyond. */
function rateWords(suite: SuiteRecord, mode: SuiteMode): string {
  const prices = pricesOf(suite, mode);
  const rate = sustainedRate(suite, mode);
  if (rate === null) return prices.length === 0 ? 'not priced' : 'no rate sustained';
  const rest = suite.cells.some(
    ({ mode: of, kind, price }) =>
      of === mode.id && kind === 'price' && (price === null || price.targetRate > rate),
  );
  return rest ? perSecond(rate) : `≥ ${perSecond(rate)}`;
}

function shadeOf(suite: SuiteRecord, mode: SuiteMode): string {
  const rates = suite.sustainedRates.flatMap(({ rate }) => (rate === null ? [] : rate));
  const steps = [...new Set(rates)].sort((a, b) => a - b);
  const rate = sustainedRate(suite, mode);
  if (rate === null) return 'paper';
  const place = steps.length < 2 ? 0 : steps.indexOf(rate) / (steps.length - 1);
  return shades[Math.round(place * (shades.length - 1))]!;
}
