import type { RecordedFault } from '../../harness/record/record.ts';
import { pixels, type Layer } from './chart.ts';
import { ink } from './theme.ts';
import type { TimeAxis } from './time-axis.ts';

/**
 * The life of each fault, in lanes that never overlap: a bar while it acted (pale) and while
 * clients were not served (solid), and a mark of its own shape for each step.
 */
export interface Lane {
  readonly fault: RecordedFault;
  /** `F1`, or `A F1` where several runs share a chart. */
  readonly label: string;
  readonly lane: number;
}

/**
 * The steps of a fault, with a shape for each: told apart in grey, too. They stand above, on and
 * below the bar, since they are often a few milliseconds apart.
 */
export const steps = [
  {
    name: 'requested',
    shape: 'circle',
    filled: false,
    role: 'fault',
    key: 'requestedAtMs',
    level: -1,
  },
  {
    name: 'effective',
    shape: 'triangle-down',
    filled: true,
    role: 'fault',
    key: 'effectiveAtMs',
    level: 0,
  },
  {
    name: 'healed',
    shape: 'triangle-up',
    filled: false,
    role: 'fault',
    key: 'healedAtMs',
    level: 0,
  },
  {
    name: 'recovered',
    shape: 'diamond',
    filled: true,
    role: 'served',
    key: 'recoveredAtMs',
    level: 1,
  },
] as const;

export function faultStart(fault: RecordedFault): number {
  return Math.min(fault.requestedAtMs, fault.effectiveAtMs ?? fault.requestedAtMs);
}

export function faultEnd(fault: RecordedFault): number {
  return Math.max(
    fault.requestedAtMs,
    fault.effectiveAtMs ?? -Infinity,
    fault.healedAtMs ?? -Infinity,
    fault.recoveredAtMs ?? -Infinity,
  );
}

const labelledLanesMax = 5;

/** Puts every fault into the first lane that is free; labels go when there are too many lanes. */
export function assignLanes(
  faults: readonly { readonly fault: RecordedFault; readonly label: string }[],
  axis: TimeAxis,
): { readonly lanes: readonly Lane[]; readonly count: number } {
  const place = (before: number): Lane[] => {
    const freeFrom: number[] = [];
    return faults
      .toSorted((a, b) => faultStart(a.fault) - faultStart(b.fault))
      .map(({ fault, label }) => {
        const from = axis.at(faultStart(fault)) - before;
        const free = freeFrom.findIndex((end) => end <= from);
        const lane = free === -1 ? freeFrom.length : free;
        freeFrom[lane] = axis.at(faultEnd(fault)) + 9;
        return { fault, label: before > 10 ? label : '', lane };
      });
  };
  const longest = Math.max(0, ...faults.map(({ label }) => label.length));
  const labelled = place(10 + 7 * longest);
  const lanes = lanesOf(labelled) <= labelledLanesMax ? labelled : place(7);
  return { lanes, count: lanesOf(lanes) };
}

function lanesOf(lanes: readonly Lane[]): number {
  return lanes.reduce((most, lane) => Math.max(most, lane.lane + 1), 0);
}

/** Bars and marks; `top` is the middle of the first lane in pixels, `pitch` the distance between. */
export function laneLayers(
  lanes: readonly Lane[],
  axis: TimeAxis,
  options: {
    readonly top: number;
    readonly pitch: number;
    readonly bar: number;
    readonly mark: number;
  },
): Layer[] {
  if (lanes.length === 0) return [];
  const y = (lane: Lane): number => options.top + lane.lane * options.pitch;
  const half = options.bar / 2;
  const bar = (lane: Lane, from: number | null, to: number | null): Layer[] => {
    if (from === null || to === null || to < from) return [];
    return [
      {
        x: axis.at(from),
        x2: Math.max(axis.at(to), axis.at(from) + 1.5),
        y: y(lane) - half,
        y2: y(lane) + half,
      },
    ];
  };
  const { fault: red } = { fault: ink('fault') };
  const acting = lanes.flatMap((lane) =>
    bar(
      lane,
      lane.fault.effectiveAtMs,
      lane.fault.healedAtMs ?? lane.fault.recoveredAtMs ?? faultEnd(lane.fault),
    ),
  );
  const unserved = lanes.flatMap((lane) =>
    bar(lane, lane.fault.effectiveAtMs, lane.fault.recoveredAtMs),
  );
  const rect = { x: pixels('x'), x2: { field: 'x2' }, y: pixels('y'), y2: { field: 'y2' } };
  const layers: Layer[] = [];
  if (acting.length > 0) {
    layers.push({
      data: { values: acting },
      mark: { type: 'rect', fill: red, fillOpacity: 0.16, stroke: red, strokeWidth: 1 },
      encoding: rect,
    });
  }
  if (unserved.length > 0) {
    layers.push({
      data: { values: unserved },
      mark: { type: 'rect', fill: red, fillOpacity: 0.75 },
      encoding: rect,
    });
  }
  for (const step of steps) {
    const values = lanes.flatMap((lane) => {
      const atMs = lane.fault[step.key];
      return atMs === null ? [] : [{ x: axis.at(atMs), y: y(lane) + step.level * (half + 4) }];
    });
    if (values.length === 0) continue;
    layers.push({
      data: { values },
      mark: markOf(step, options.mark),
      encoding: { x: pixels('x'), y: pixels('y') },
    });
  }
  const named = lanes
    .filter((lane) => lane.label !== '')
    .map((lane) => ({ x: axis.at(faultStart(lane.fault)) - 7, y: y(lane), label: lane.label }));
  if (named.length > 0) {
    layers.push({
      data: { values: named },
      mark: { type: 'text', align: 'right', fontSize: 11, fontWeight: 600, color: ink('fault') },
      encoding: { x: pixels('x'), y: pixels('y'), text: { field: 'label' } },
    });
  }
  return layers;
}

/** A point mark in the shape and fill of a step. */
export function markOf(step: (typeof steps)[number], size: number): Layer {
  return {
    type: 'point',
    shape: step.shape,
    size,
    opacity: 1,
    strokeWidth: 1.4,
    stroke: ink(step.role),
    fill: ink(step.filled ? step.role : 'paper'),
    filled: true,
  };
}

const ruledFaultsMax = 8;

/** Lines through the plot where faults took effect and where clients were served again. */
export function faultRules(lanes: readonly Lane[], axis: TimeAxis, height: number): Layer[] {
  if (lanes.length > ruledFaultsMax) return [];
  const rule = (
    key: 'effectiveAtMs' | 'recoveredAtMs',
    role: 'fault' | 'served',
    dash: readonly number[],
  ): Layer[] => {
    const values = lanes.flatMap(({ fault }) => {
      const atMs = fault[key];
      return atMs === null ? [] : [{ x: axis.at(atMs), y: 0, y2: height }];
    });
    if (values.length === 0) return [];
    return [
      {
        data: { values },
        mark: { type: 'rule', color: ink(role), strokeWidth: 1, strokeDash: dash, opacity: 0.55 },
        encoding: { x: pixels('x'), y: pixels('y'), y2: { field: 'y2' } },
      },
    ];
  };
  return [...rule('effectiveAtMs', 'fault', []), ...rule('recoveredAtMs', 'served', [4, 3])];
}
