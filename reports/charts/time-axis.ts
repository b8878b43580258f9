import type { RunRecord } from '../../harness/record/record.ts';
import { pixels, plot, type Layer, textWidth } from './chart.ts';
import { ink } from './theme.ts';

/**
 * The time axis that every chart of a page shares, in seconds since the load began. It ends with the
 * load and the faults: a long final read afterwards would only squeeze them.
 */
export interface TimeAxis {
  readonly start: number;
  readonly end: number;
  /** Pixels of the plot, for what is placed by hand. */
  at(atMs: number): number;
}

export function timeAxisOf(records: readonly RunRecord[]): TimeAxis {
  let start = 0;
  let end = 0;
  for (const record of records) {
    for (const span of record.series) end = Math.max(end, (span.atMs + span.widthMs) / 1000);
    if (record.series.length === 0) {
      for (const phase of record.phases) end = Math.max(end, phase.endMs / 1000);
    }
    for (const fault of record.faults) {
      start = Math.min(start, fault.requestedAtMs / 1000);
      for (const atMs of [
        fault.requestedAtMs,
        fault.effectiveAtMs,
        fault.healedAtMs,
        fault.recoveredAtMs,
      ]) {
        end = Math.max(end, (atMs ?? 0) / 1000);
      }
    }
  }
  if (end <= start) end = start + 1;
  const perSecond = plot.width / (end - start);
  return { start, end, at: (atMs) => Number(((atMs / 1000 - start) * perSecond).toFixed(2)) };
}

const steps = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200,
  86_400,
];

/** The x channel: `field` in seconds. */
export function timeChannel(axis: TimeAxis, field: string): Layer {
  const span = axis.end - axis.start;
  const step = steps.find((candidate) => span / candidate <= 12) ?? 86_400;
  const values: number[] = [];
  for (let index = Math.ceil(axis.start / step); index * step <= axis.end + 1e-9; index++) {
    values.push(Number((index * step).toFixed(3)));
  }
  const clock = `(datum.value >= 3600 ? floor(datum.value / 3600) + ':' + format(floor(datum.value % 3600 / 60), '02') : floor(datum.value / 60)) + ':' + format(datum.value % 60, '02')`;
  return {
    field,
    type: 'quantitative',
    scale: { domain: [axis.start, axis.end], nice: false, zero: false },
    axis: {
      title: null,
      grid: false,
      values,
      labelExpr: span < 120 ? `datum.value + ' s'` : clock,
      labelFlush: false,
    },
  };
}

/** Phases: those that are not measured lie in shade, a dotted line stands at each boundary. */
export function phaseLayers(
  record: RunRecord,
  axis: TimeAxis,
  height: number,
  namesAt: number | null,
): Layer[] {
  const shown = record.phases.filter(({ startMs }) => axis.at(startMs) < plot.width - 1);
  const rows = shown.map((phase) => {
    const x = axis.at(phase.startMs);
    const x2 = Math.min(axis.at(phase.endMs), plot.width);
    const fits = textWidth(phase.name) + 10 < x2 - x;
    return {
      x,
      x2,
      y: namesAt ?? 0,
      height,
      zero: 0,
      name: namesAt !== null && fits ? phase.name : '',
      measured: phase.measured,
      text: x + 5,
      top: namesAt === null ? 0 : namesAt - 7,
    };
  });
  const encoding = {
    x: pixels('x'),
    x2: { field: 'x2' },
    y: pixels('zero'),
    y2: { field: 'height' },
  };
  const layers: Layer[] = [];
  const unmeasured = rows.filter((row) => !row.measured);
  if (unmeasured.length > 0) {
    layers.push({
      data: { values: unmeasured },
      mark: { type: 'rect', color: ink('shade') },
      encoding,
    });
  }
  if (rows.length > 1) {
    layers.push({
      data: { values: rows.slice(1) },
      mark: { type: 'rule', strokeDash: [1, 3], strokeWidth: 1, color: ink('muted') },
      encoding: { x: pixels('x'), y: pixels('top'), y2: { field: 'height' } },
    });
  }
  const named = rows.filter((row) => row.name !== '');
  if (named.length > 0) {
    layers.push({
      data: { values: named },
      mark: { type: 'text', fontSize: 11 },
      encoding: { x: pixels('text'), y: pixels('y'), text: { field: 'name' } },
    });
  }
  return layers;
}
