import type { RecordedSecond, RunRecord } from '../../harness/record/record.ts';
import { micros, perSecond, supported } from '../format.ts';
import { halo, pixels, type Chart, type Layer } from './chart.ts';
import { foldSeries } from './fold.ts';
import { frameOf, timeSpec, type Frame } from './frame.ts';
import { heatMapChart, heatScale } from './heat-map.ts';
import { lineLayers, type Line } from './lines.ts';
import { amountChannel, latencyChannel, latencyScale } from './scales.ts';
import { spectrumChart } from './spectrum.ts';
import { ink, strokes, type Role } from './theme.ts';
import { middle, ratePoints } from './series.ts';

/** A run among others: its letter, its stroke, and a name that tells it from the others. */
export interface Contender {
  readonly letter: string;
  readonly name: string;
  readonly record: RunRecord;
  readonly role: Role;
  readonly dash: readonly number[];
}

export function contendersOf(records: readonly RunRecord[]): Contender[] {
  return records.map((record, index) => {
    const { role } = strokes[index % strokes.length]!;
    const { dash } = strokes[(index + Math.floor(index / strokes.length)) % strokes.length]!;
    return { letter: letterOf(index), name: nameOf(record, records), record, role, dash };
  });
}

/** A to Z, then A2 and so on. */
function letterOf(index: number): string {
  const round = Math.floor(index / 26);
  return String.fromCharCode(65 + (index % 26)) + (round === 0 ? '' : String(round + 1));
}

/** What differs between the runs, in few words. */
function nameOf(record: RunRecord, all: readonly RunRecord[]): string {
  const parts: ((run: RunRecord) => string)[] = [
    (run) => run.scenario.name,
    (run) => `${run.target.name} ${run.target.version}`,
    (run) => `${run.durability.flush} × ${run.durability.replication}`,
    (run) => `seed ${run.seed}`,
  ];
  const telling = parts.filter((part) => all.some((other) => part(other) !== part(record)));
  const name = (telling.length > 0 ? telling : parts.slice(0, 1))
    .map((part) => part(record))
    .join(', ');
  return name.length > 40 ? `${name.slice(0, 39)}…` : name;
}

/** One line per run on shared axes; one heat map per run below each other. */
export function comparisonCharts(contenders: readonly Contender[]): Chart[] {
  const records = contenders.map(({ record }) => record);
  const frame = frameOf(
    records,
    contenders.map(({ letter }) => letter),
  );
  return [
    rates(contenders, frame),
    quantiles(
      contenders,
      frame,
      'response',
      'Response p99',
      'From due to ack, by the time of the ack.',
      (second) => second.responseP99,
    ),
    quantiles(
      contenders,
      frame,
      'end-to-end',
      'End-to-end p99',
      'From due to the consumer’s hands, by the time of the delivery.',
      (second) => second.endToEndP99,
    ),
    spectrumChart(
      contenders.map((run) => ({
        label: legendName(run),
        role: run.role,
        dash: run.dash,
        latency: run.record.latency.response,
      })),
      {
        title: 'Percentile spectrum of the response time',
        lead: 'Each step to the right is ten times rarer. A curve ends where its samples do.',
      },
    ),
    ...heatMaps(contenders, frame),
  ];
}

function legendName({ letter, name }: Contender): string {
  return `${letter}  ${name}`;
}

function rates(contenders: readonly Contender[], frame: Frame): Chart {
  const lines = contenders.map((run): Line => ({
    role: run.role,
    dash: run.dash,
    step: true,
    points: ratePoints(foldSeries(run.record.series), (second) => second.acked),
  }));
  const most = Math.max(0, ...lines.flatMap(({ points }) => points.map(({ y }) => y ?? 0)));
  const y = amountChannel('y', most);
  return {
    name: 'throughput',
    title: 'Acked per second',
    lead: 'What each broker promised to keep.',
    description: contenders
      .map(
        (run) =>
          `${legendName(run)}: ${perSecond(run.record.throughput.acked)} of ${perSecond(run.record.throughput.targetRate)}.`,
      )
      .join(' '),
    spec: overlay(frame, 'msg/s', contenders, [
      ...lineLayers(lines, frame.axis, y),
      ...letters(contenders, lines, frame, y),
    ]),
    table: {
      columns: ['run', 'target', 'offered', 'acked', 'consumed'],
      rows: contenders.map((run) => {
        const { targetRate, offered, acked, consumed } = run.record.throughput;
        return [legendName(run), ...[targetRate, offered, acked, consumed].map(perSecond)];
      }),
    },
  };
}

function quantiles(
  contenders: readonly Contender[],
  frame: Frame,
  name: 'response' | 'end-to-end',
  title: string,
  lead: string,
  pick: (second: RecordedSecond) => number | null,
): Chart {
  const lines = contenders.map((run): Line => ({
    role: run.role,
    dash: run.dash,
    points: foldSeries(run.record.series).map((second) => {
      const value = pick(second);
      return { t: middle(second), y: value !== null && value > 0 ? value : null };
    }),
  }));
  const scale = latencyScale(lines.flatMap(({ points }) => points.map(({ y }) => y)));
  const y = latencyChannel('y', scale);
  const rows = contenders.map((run) => {
    const latency = name === 'response' ? run.record.latency.response : run.record.latency.endToEnd;
    return [
      legendName(run),
      micros(latency.p50),
      supported(latency.p99, 0.99, latency.count),
      supported(latency.p999, 0.999, latency.count),
      micros(latency.max),
    ];
  });
  return {
    name,
    title,
    lead,
    description: rows.map(([run, p50, p99]) => `${run}: median ${p50}, p99 ${p99}.`).join(' '),
    spec: overlay(frame, 'log scale', contenders, [
      ...lineLayers(lines, frame.axis, y),
      ...letters(contenders, lines, frame, y),
    ]),
    table: { columns: ['run', 'p50', 'p99', 'p99.9', 'max'], rows },
  };
}

function overlay(
  frame: Frame,
  unit: string,
  contenders: readonly Contender[],
  layers: readonly Layer[],
): Chart['spec'] {
  const items = contenders.map((run) => ({
    label: legendName(run),
    role: run.role,
    dash: run.dash,
  }));
  return timeSpec(frame, { unit, legend: items, height: 200, layers });
}

/** Each line carries its letter twice, at places of its own, so that grey print tells them apart. */
function letters(
  contenders: readonly Contender[],
  lines: readonly Line[],
  frame: Frame,
  y: Layer,
): Layer[] {
  return lines.flatMap((line, run): Layer[] => {
    const shown = line.points.filter((point) => point.y !== null);
    const places = [0, 0.5].map((half) => half + (run + 0.5) / contenders.length / 2);
    const values = places.flatMap((place) => {
      const point = shown[Math.floor(place * shown.length)];
      return point === undefined
        ? []
        : [{ x: frame.axis.at(point.t * 1000), y: point.y, label: contenders[run]!.letter }];
    });
    if (values.length === 0) return [];
    return [
      {
        data: { values },
        mark: {
          type: 'text',
          align: 'center',
          fontSize: 12,
          fontWeight: 700,
          color: ink(line.role),
          ...halo,
        },
        encoding: { x: pixels('x'), y, text: { field: 'label' } },
      },
    ];
  });
}

function heatMaps(contenders: readonly Contender[], frame: Frame): Chart[] {
  const scale = heatScale(contenders.map(({ record }) => record));
  return contenders.map((run) => {
    const chart = heatMapChart(run.record, frameOf([run.record], [run.letter], frame.axis), scale);
    return {
      ...chart,
      name: `heat-map-${run.letter.toLowerCase()}`,
      title: `All response times of ${legendName(run)}`,
    };
  });
}
