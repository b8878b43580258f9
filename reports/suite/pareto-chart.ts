import type { SuiteMode, SuiteRecord } from '../../harness/record/suite.ts';
import { legend, pixels, plot, sayLayer, specOf, type Chart, type Layer } from '../charts/chart.ts';
import { labelLayers, placeLabels, tenth } from '../charts/labels.ts';
import { latencyChannel, latencyScale } from '../charts/scales.ts';
import { ink, type Role } from '../charts/theme.ts';
import { micros, none, perSecond } from '../format.ts';
import { responseP99 } from '../price-of-safety.ts';
import { classOrder, lossClasses } from './classes.ts';
import { place, rateAxisOf, rateChannel } from './rate-axis.ts';
import { lossClassOf, modeName, rateInCommon, sustainedRate, type LossClass } from './sums.ts';

const height = 250;

interface Point {
  readonly mode: SuiteMode;
  readonly x: number;
  readonly y: number;
  readonly loss: LossClass;
}

/** Price and worth in one picture: a mode low and right is quick, its mark tells what it lost. */
export function paretoChart(suite: SuiteRecord): Chart {
  const common = rateInCommon(suite);
  const points = suite.modes.flatMap((mode): Point[] => {
    const [x, y] = [sustainedRate(suite, mode), common && responseP99(suite, mode.id, common)];
    return x === null || y === undefined || y <= 0
      ? []
      : [{ mode, x, y: tenth(y), loss: lossClassOf(suite, mode) }];
  });
  const scale = latencyScale(points.map(({ y }) => y));
  const axis = rateAxisOf(suite, plot.width);
  const x = rateChannel('x', axis, 'highest sustained rate, acked per second, logarithmic');
  const y = latencyChannel('y', scale);
  const [low, high] = scale.domain;
  const labels = placeLabels(
    points.map((point) => ({
      x: place(axis, point.x),
      y: height * (1 - Math.log(point.y / low) / Math.log(high / low)),
      label: modeName(point.mode),
    })),
    { width: plot.width, height },
  );
  const layers: Layer[] = classOrder.flatMap((loss) => {
    const values = points
      .filter((point) => point.loss === loss)
      .map((point) => ({ x: point.x, y: point.y }));
    return values.length === 0
      ? []
      : [{ data: { values }, mark: lossMark(loss, 110), encoding: { x, y } }];
  });
  if (points.length === 0) {
    const values = [{ x: axis.domain[0], y: low }];
    layers.push({ data: { values }, mark: { type: 'point', opacity: 0 }, encoding: { x, y } });
    layers.push(sayLayer('no rate in common at which the modes could be compared', height / 2));
  }
  const at = common === undefined ? '' : ` at ${perSecond(common)}`;
  return {
    name: 'trade-off',
    title: 'Speed against safety',
    lead:
      `Right is more throughput, down is less latency (response p99${at}, the highest rate that all ` +
      'of them sustained). Colour and shape tell what the mode lost when things broke.',
    description:
      suite.modes
        .map((mode) => `${modeName(mode)}: ${lossClasses[lossClassOf(suite, mode)].label}.`)
        .join(' ') || 'No modes.',
    spec: specOf({
      top: 40,
      bottom: 50,
      height,
      layers: [
        ...labelLayers(labels),
        ...layers,
        ...legend('log scale', [], -27),
        ...classLegend(0, -27),
      ],
    }),
    table: {
      columns: ['mode', 'highest sustained rate', `response p99${at}`, 'loss'],
      rows: suite.modes.map((mode) => {
        const rate = sustainedRate(suite, mode);
        const p99 = common === undefined ? undefined : responseP99(suite, mode.id, common);
        return [
          modeName(mode),
          rate === null ? none : perSecond(rate),
          p99 === undefined ? none : micros(p99),
          lossClasses[lossClassOf(suite, mode)].label,
        ];
      }),
    },
  };
}

export function lossMark(loss: LossClass, size: number): Layer {
  const { shape, filled, role } = lossClasses[loss];
  return {
    type: 'point',
    shape,
    size,
    opacity: 1,
    filled: true,
    strokeWidth: 1.6,
    stroke: ink(role),
    fill: ink(filled ? role : ('paper' satisfies Role)),
  };
}

/** The classes side by side; pixels of the plot. */
export function classLegend(from: number, y: number): Layer[] {
  const pitch = 132;
  const items = classOrder.map((loss, index) => ({ loss, x: from + 6 + index * pitch, y }));
  return [
    ...items.map(({ loss, ...at }) => ({
      data: { values: [at] },
      mark: lossMark(loss, 80),
      encoding: { x: pixels('x'), y: pixels('y') },
    })),
    {
      data: {
        values: items.map(({ loss, x }) => ({ x: x + 12, y, label: lossClasses[loss].label })),
      },
      mark: { type: 'text', fontSize: 12, color: ink('ink') },
      encoding: { x: pixels('x'), y: pixels('y'), text: { field: 'label' } },
    },
  ];
}
