import type { SuiteRecord } from '../../harness/record/suite.ts';
import { legend, pixels, sayLayer, specOf, type Chart, type Layer } from '../charts/chart.ts';
import { labelLayers, spread, tenth } from '../charts/labels.ts';
import { latencyChannel, latencyScale } from '../charts/scales.ts';
import { ink } from '../charts/theme.ts';
import { micros, none, perSecond } from '../format.ts';
import { rateAxisOf, rateChannel, place } from './rate-axis.ts';
import { modeName, pricesOf, sustainedRate } from './sums.ts';
import { strokesOf, type Stroke } from './strokes.ts';

const height = 280;
/** Names of the curves stand right of the plot. */
const namesAt = 690;

const latencies = [
  { name: 'service', of: 'service' },
  { name: 'response', of: 'response' },
  { name: 'end-to-end', of: 'endToEnd' },
] as const;
const quantiles = [
  { name: 'p50', of: 'p50' },
  { name: 'p99', of: 'p99' },
  { name: 'p99.9', of: 'p999' },
] as const;

interface Point {
  readonly x: number;
  readonly y: number;
  readonly sustained: boolean;
}

interface Curve {
  readonly name: string;
  readonly stroke: Stroke;
  readonly points: readonly Point[];
}

/** What an ack costs: response p99 over what was acked, a curve per mode, a point per rate. */
export function priceChart(suite: SuiteRecord): Chart {
  const strokes = strokesOf(suite.modes);
  const curves = suite.modes.map((mode, index): Curve => ({
    name: modeName(mode),
    stroke: strokes[index]!,
    points: pricesOf(suite, mode).flatMap(({ acked, response: { p99 }, sustained }) =>
      p99 === null || p99 <= 0 || acked <= 0 ? [] : [{ x: tenth(acked), y: tenth(p99), sustained }],
    ),
  }));
  const scale = latencyScale(curves.flatMap(({ points }) => points.map(({ y }) => y)));
  const axis = rateAxisOf(suite, namesAt - 30);
  const x = rateChannel(
    'x',
    axis,
    'acked per second, logarithmic; the ticks are the rates that were tried',
  );
  const y = latencyChannel('y', scale);
  const [low, high] = scale.domain;
  const heightOf = (value: number): number =>
    height * (1 - Math.log(value / low) / Math.log(high / low));
  const shown = curves.filter(({ points }) => points.length > 0);
  const ends = shown.map(({ points }) => points.at(-1)!);
  const names = spread(
    ends.map((end) => heightOf(end.y)),
    { height },
  );
  const leaders = ends.map((end, index) => ({
    x: tenth(place(axis, end.x) + 6),
    x2: namesAt - 5,
    y: tenth(heightOf(end.y)),
    y2: tenth(names[index]!),
  }));
  const layers: Layer[] = [
    {
      data: { values: leaders },
      mark: { type: 'rule', color: ink('hairline'), strokeWidth: 1 },
      encoding: { x: pixels('x'), x2: { field: 'x2' }, y: pixels('y'), y2: { field: 'y2' } },
    },
    ...shown.flatMap((curve) => curveLayers(curve, x, y)),
    ...labelLayers(
      shown.map(({ name }, index) => ({
        x: namesAt,
        y: names[index]!,
        label: name,
        align: 'left',
      })),
    ),
  ];
  if (shown.length === 0) {
    const values = [{ x: axis.domain[0], y: low }];
    layers.push({ data: { values }, mark: { type: 'point', opacity: 0 }, encoding: { x, y } });
    layers.push(sayLayer('no price has been measured', height / 2));
  }
  return {
    name: 'price',
    title: 'What an ack costs: latency against throughput',
    lead:
      'Response p99, from the moment a message was due to its ack, on a log axis; a point per rate. ' +
      'Hollow points were not sustained: their latency is that of a queue that grows. ' +
      'Colour tells the flush, dash and shape the replication. The worst of the repeats is drawn.',
    description:
      suite.modes
        .map((mode) => {
          const rate = sustainedRate(suite, mode);
          const best = pricesOf(suite, mode).find(({ targetRate }) => targetRate === rate);
          return rate === null
            ? `${modeName(mode)}: no rate sustained.`
            : `${modeName(mode)}: up to ${perSecond(rate)}, p99 ${micros(best?.response.p99 ?? null)}.`;
        })
        .join(' ') || 'No modes.',
    spec: specOf({
      top: 34,
      bottom: 50,
      height,
      layers: [...layers, ...legend('log scale', [], -22)],
    }),
    table: {
      columns: [
        'mode',
        'target',
        'acked',
        'sustained',
        ...latencies.flatMap(({ name }) => quantiles.map((at) => `${name} ${at.name}`)),
      ],
      rows: suite.modes.flatMap((mode) =>
        pricesOf(suite, mode).map((price) => [
          modeName(mode),
          perSecond(price.targetRate),
          perSecond(price.acked),
          `${price.sustained ? 'yes' : 'no'}${price.doubtful ? ', doubtful' : ''}`,
          ...latencies.flatMap(({ of }) => quantiles.map((at) => micros(price[of][at.of]))),
        ]),
      ),
      note: `Of repeats the lowest rate and the worst latency. ${none} stands where there were too few samples for the quantile.`,
    },
  };
}

function curveLayers({ stroke, points }: Curve, x: Layer, y: Layer): Layer[] {
  const { role, dash, shape } = stroke;
  const marks = [true, false].flatMap((sustained): Layer[] => {
    const values = points.filter((point) => point.sustained === sustained);
    if (values.length === 0) return [];
    const mark = { type: 'point', shape, size: 52, opacity: 1, filled: true, strokeWidth: 1.8 };
    return [
      {
        data: { values },
        mark: { ...mark, stroke: ink(role), fill: ink(sustained ? role : 'paper') },
        encoding: { x, y },
      },
    ];
  });
  return [
    {
      data: { values: points },
      mark: {
        type: 'line',
        color: ink(role),
        strokeWidth: 1.9,
        strokeDash: dash,
        strokeJoin: 'round',
      },
      // In the order of the rates: a queue that grows may ack less at a higher rate.
      encoding: { x, y, order: { value: null } },
    },
    ...marks,
  ];
}
