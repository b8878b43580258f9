import type { SuiteRecord } from '../../harness/record/suite.ts';
import { pixels, plot, sayLayer, specOf, type Chart, type Layer } from '../charts/chart.ts';
import { tenth } from '../charts/labels.ts';
import { ink } from '../charts/theme.ts';
import { count } from '../format.ts';
import { classOrder } from './classes.ts';
import { classLegend, lossMark } from './pareto-chart.ts';
import { faultNames, faultsOf, modeName, worthOf, type WorthSum } from './sums.ts';

const rowPitch = 20;
const groupGap = 34;
/** Pixels of the plot: names end, nothing lost, the axis of messages, words begin. */
const at = { names: 78, none: 100, from: 134, to: 590, words: 612 } as const;

interface Row {
  readonly y: number;
  readonly worth: WorthSum;
}

/** What an ack was worth: messages lost per mode and fault, with what was exposed beside it. */
export function lossChart(suite: SuiteRecord): Chart {
  const { rows, headings, height } = layOut(suite);
  const most = Math.max(10, ...rows.flatMap(({ worth }) => [worth.lost, worth.exposure ?? 0]));
  const decades = Math.ceil(Math.log10(most) - 1e-9);
  const x = (messages: number): number =>
    messages <= 0 ? at.none : at.from + ((at.to - at.from) * Math.log10(messages)) / decades;
  const ticks = [
    { x: at.none, label: 'none' },
    ...Array.from({ length: decades + 1 }, (_, power) => ({
      x: tenth(x(10 ** power)),
      label: count(10 ** power),
    })),
  ];
  const lanes = rows.map(({ y, worth }) => ({
    y,
    x: tenth(x(worth.lost)),
    x2: tenth(x(worth.exposure ?? worth.lost)),
  }));
  const exposed = rows.flatMap(({ y, worth }) =>
    worth.exposure === null ? [] : [{ x: tenth(x(worth.exposure)), y: y - 6, y2: y + 6 }],
  );
  const layers: Layer[] = [
    {
      data: { values: ticks.map((tick) => ({ x: tick.x, y: 0, y2: height })) },
      mark: { type: 'rule', color: ink('hairline'), strokeWidth: 1 },
      encoding: { x: pixels('x'), y: pixels('y'), y2: { field: 'y2' } },
    },
    text(
      ticks.map((tick) => ({ ...tick, y: height + 13 })),
      { align: 'center' },
    ),
    text([
      {
        x: at.none - 14,
        y: height + 33,
        label:
          'acked messages that were lost, logarithmic; the upright stroke: exposed when the fault took effect',
      },
    ]),
    text(
      headings.map(({ y, label }) => ({ x: 2 - plot.left, y, label })),
      { fontWeight: 600, fontSize: 12, color: ink('ink') },
    ),
    text(
      rows.map(({ y, worth }) => ({ x: at.names, y, label: brief(modeName(worth.mode)) })),
      { align: 'right' },
    ),
    {
      data: { values: lanes },
      mark: { type: 'rule', color: ink('offered'), strokeWidth: 1, strokeDash: [2, 2] },
      encoding: { x: pixels('x'), x2: { field: 'x2' }, y: pixels('y') },
    },
    ...(exposed.length === 0
      ? []
      : [
          {
            data: { values: exposed },
            mark: { type: 'rule', color: ink('offered'), strokeWidth: 2.5 },
            encoding: { x: pixels('x'), y: pixels('y'), y2: { field: 'y2' } },
          },
        ]),
    ...classOrder.flatMap((loss): Layer[] => {
      const values = rows
        .filter(({ worth }) => worth.observed === loss)
        .map(({ y, worth }) => ({ x: tenth(x(worth.lost)), y }));
      if (values.length === 0) return [];
      return [
        {
          data: { values },
          mark: lossMark(loss, 70),
          encoding: { x: pixels('x'), y: pixels('y') },
        },
      ];
    }),
    text(rows.map(({ y, worth }) => ({ x: at.words, y, label: wordsOf(worth) }))),
    ...classLegend(at.none - 6, -24),
  ];
  if (rows.length === 0) layers.push(sayLayer('no fault has been injected', height / 2));
  return {
    name: 'loss',
    title: 'What an ack is worth: loss per fault',
    lead:
      'Each mark is what a mode lost when a fault hit, the stroke what was acked and not yet safe at that ' +
      'moment. Where a mode may lose, no loss means little unless something was exposed.',
    description:
      rows
        .map(
          ({ worth }) => `${modeName(worth.mode)}, ${faultNames[worth.fault]}: ${wordsOf(worth)}.`,
        )
        .join(' ') || 'No fault has been injected.',
    spec: specOf({ top: 40, bottom: 46, height, layers }),
    table: {
      columns: ['fault', 'mode', 'lost', 'acked', 'exposed', 'faults confirmed'],
      rows: rows.map(({ worth }) => [
        faultNames[worth.fault],
        modeName(worth.mode),
        worth.lost === 0 ? 'none' : count(worth.lost),
        count(worth.acked),
        exposureWords(worth),
        count(worth.faultsConfirmed),
      ]),
    },
  };
}

function layOut(suite: SuiteRecord): {
  readonly rows: readonly Row[];
  readonly headings: readonly { readonly y: number; readonly label: string }[];
  readonly height: number;
} {
  const rows: Row[] = [];
  const headings: { y: number; label: string }[] = [];
  let y = 12;
  for (const fault of faultsOf(suite)) {
    headings.push({ y, label: faultNames[fault] });
    y += rowPitch;
    for (const mode of suite.modes) {
      const worth = worthOf(suite, mode, fault);
      if (worth === undefined) continue;
      rows.push({ y, worth });
      y += rowPitch;
    }
    y += groupGap - rowPitch;
  }
  return { rows, headings, height: Math.max(60, y - groupGap + 4) };
}

function wordsOf(worth: WorthSum): string {
  const lost = worth.lost === 0 ? 'none' : count(worth.lost);
  const exposed =
    worth.exposure === null
      ? ''
      : `; ${worth.exposure === 0 ? 'none' : count(worth.exposure)} exposed`;
  return `${lost} of ${count(worth.acked)}${exposed}`;
}

export function exposureWords({ promise, exposure }: WorthSum): string {
  if (exposure !== null) return exposure === 0 ? 'none' : count(exposure);
  return promise.loss === 'none' ? 'must lose none' : 'not measured';
}

function brief(name: string): string {
  return name.length > 23 ? `${name.slice(0, 22)}…` : name;
}

function text(
  values: readonly { readonly x: number; readonly y: number; readonly label: string }[],
  style: Layer = {},
): Layer {
  return {
    data: { values },
    mark: { type: 'text', fontSize: 11.5, ...style },
    encoding: { x: pixels('x'), y: pixels('y'), text: { field: 'label' } },
  };
}
