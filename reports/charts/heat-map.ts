import type { RunRecord } from '../../harness/record/record.ts';
import { count, micros, moment } from '../format.ts';
import { sayLayer, type Chart, type Layer, type LegendItem } from './chart.ts';
import { foldHeatMap } from './fold.ts';
import { timeSpec, type Frame } from './frame.ts';
import { latencyChannel, latencyScale } from './scales.ts';
import { heatRoles, ink } from './theme.ts';
import { timeChannel } from './time-axis.ts';

/** Buckets of the record per octave. */
const bucketsPerOctave = 8;
const rowsPerOctave = 4;

interface Cell {
  readonly t: number;
  readonly t2: number;
  /** Row of the chart, `rowsPerOctave` to each doubling of the latency. */
  readonly row: number;
  readonly messages: number;
}

/** Every response there was: what quantiles hide, such as two modes or a fading echo, shows here. */
export function heatMapChart(record: RunRecord, frame: Frame, scale = heatScale([record])): Chart {
  const columns = foldHeatMap(record.heatMap);
  const cells = columns.flatMap(cellsOf);
  const most = cells.reduce((high, cell) => Math.max(high, cell.messages), 0);
  const level = (messages: number): number =>
    most <= 1
      ? 0
      : Math.min(
          heatRoles.length - 1,
          Math.floor((Math.log(messages) / Math.log(most)) * heatRoles.length),
        );
  const edges = [...new Set(cells.flatMap(({ row }) => [row, row + 1]))].map(lowerEdge);
  const layers = heatRoles.flatMap((role, index): Layer[] => {
    const rows = cells
      .filter(({ messages }) => level(messages) === index)
      .map(({ t, t2, row }) => ({ t, t2, y: lowerEdge(row), y2: lowerEdge(row + 1) }));
    if (rows.length === 0) return [];
    return [
      {
        data: { values: rows },
        mark: { type: 'rect', color: ink(role) },
        encoding: {
          x: timeChannel(frame.axis, 't'),
          x2: { field: 't2' },
          y: latencyChannel('y', scale),
          y2: { field: 'y2' },
        },
      },
    ];
  });
  return {
    name: 'heat-map',
    title: 'All response times',
    lead:
      'Every response there was: each cell counts those of one span of time and one band of ' +
      'latency. Two modes, or a fading echo, show here and in no quantile.',
    description:
      cells.length === 0
        ? 'No responses.'
        : `Responses from ${micros(Math.min(...edges))} to ${micros(Math.max(...edges))} ` +
          `in ${count(columns.length)} spans of time; the fullest cell holds ${count(most)} responses.`,
    spec: timeSpec(frame, {
      unit: 'log scale',
      legend: heatLegend(most),
      height: 200,
      layers: layers.length > 0 ? layers : [emptyLayer(frame, scale), sayLayer('no data', 100)],
    }),
    table: {
      columns: ['window', 'responses', 'from', 'to', 'most frequent'],
      rows: foldHeatMap(record.heatMap, 120).map((column) => {
        const own = cellsOf(column);
        const total = own.reduce((sum, cell) => sum + cell.messages, 0);
        const top = own.reduce<Cell | undefined>(
          (best, cell) => (best && best.messages >= cell.messages ? best : cell),
          undefined,
        );
        return [
          moment(column.atMs),
          count(total),
          micros(own[0] ? lowerEdge(own[0].row) : null),
          micros(own.at(-1) ? lowerEdge(own.at(-1)!.row + 1) : null),
          micros(top ? lowerEdge(top.row) : null),
        ];
      }),
    },
  };
}

/** One y axis for the responses of all these runs. */
export function heatScale(records: readonly RunRecord[]): ReturnType<typeof latencyScale> {
  const buckets = records.flatMap(({ heatMap }) =>
    heatMap.flatMap(({ cells }) => {
      const filled = cells.filter(([, messages]) => messages > 0).map(([bucket]) => bucket);
      return filled.length === 0 ? [] : [Math.min(...filled), Math.max(...filled)];
    }),
  );
  const rows = buckets.map(rowOf);
  return latencyScale(rows.flatMap((row) => [lowerEdge(row), lowerEdge(row + 1)]));
}

function rowOf(bucket: number): number {
  return Math.max(0, Math.floor((bucket * rowsPerOctave) / bucketsPerOctave));
}

function lowerEdge(row: number): number {
  return Number((2 ** (row / rowsPerOctave)).toPrecision(6));
}

function cellsOf(column: RunRecord['heatMap'][number]): Cell[] {
  const rows = new Map<number, number>();
  for (const [bucket, messages] of column.cells) {
    const row = rowOf(bucket);
    if (messages > 0) rows.set(row, (rows.get(row) ?? 0) + messages);
  }
  return [...rows]
    .sort((a, b) => a[0] - b[0])
    .map(([row, messages]) => ({
      t: column.atMs / 1000,
      t2: (column.atMs + column.widthMs) / 1000,
      row,
      messages,
    }));
}

function emptyLayer(frame: Frame, scale: ReturnType<typeof latencyScale>): Layer {
  return {
    data: { values: [{ t: frame.axis.start, y: scale.domain[0] }] },
    mark: { type: 'point', opacity: 0 },
    encoding: { x: timeChannel(frame.axis, 't'), y: latencyChannel('y', scale) },
  };
}

/** Steps of colour with the count at which each begins. */
function heatLegend(most: number): LegendItem[] {
  if (most === 0) return [];
  const bounds = heatRoles.map((role, index) => ({
    role,
    from: Math.ceil(most ** (index / heatRoles.length)),
  }));
  return bounds
    .filter(({ from }, index) => from !== bounds[index - 1]?.from)
    .map(({ role, from }, index) => ({
      role,
      block: true,
      label: index === 0 ? `from ${count(from)}` : count(from),
    }));
}
