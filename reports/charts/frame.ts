import type { RunRecord } from '../../harness/record/record.ts';
import {
  legend,
  legendPitch,
  legendRows,
  specOf,
  type Layer,
  type LegendItem,
  type Spec,
} from './chart.ts';
import { assignLanes, faultRules, laneLayers, type Lane } from './lanes.ts';
import { phaseLayers, timeAxisOf, type TimeAxis } from './time-axis.ts';

/** What the time charts of one page have in common: the axis, the phases, the fault lanes. */
export interface Frame {
  readonly axis: TimeAxis;
  readonly lanes: readonly Lane[];
  readonly laneCount: number;
  /** The run whose phases are shown; none where several runs share the charts. */
  readonly phasesOf: RunRecord | undefined;
}

export function frameOf(
  records: readonly RunRecord[],
  letters: readonly string[] = [],
  axis = timeAxisOf(records),
): Frame {
  const faults = records.flatMap((record, run) =>
    record.faults.map((fault, index) => ({ fault, label: faultLabel(index, letters[run]) })),
  );
  const { lanes, count } = assignLanes(faults, axis);
  return { axis, lanes, laneCount: count, phasesOf: records.length === 1 ? records[0] : undefined };
}

/** `F1` as in the table of faults, `A F1` for the first fault of run A. */
export function faultLabel(index: number, letter?: string): string {
  return letter === undefined ? `F${index + 1}` : `${letter} F${index + 1}`;
}

const lanePitch = 23;

/**
 * A time chart: legend above, then phase names, then the fault lanes, then the plot with the
 * layers given. Layers at the front of the list lie below.
 */
export function timeSpec(
  frame: Frame,
  options: {
    readonly unit: string;
    readonly legend: readonly LegendItem[];
    readonly height: number;
    readonly layers: readonly Layer[];
  },
): Spec {
  const laneRoom = frame.laneCount * lanePitch;
  const phaseRoom = frame.phasesOf === undefined || frame.phasesOf.phases.length === 0 ? 0 : 18;
  const top = 26 + (legendRows(options.legend) - 1) * legendPitch + phaseRoom + laneRoom + 6;
  return specOf({
    top,
    height: options.height,
    layers: [
      ...(frame.phasesOf === undefined
        ? []
        : phaseLayers(frame.phasesOf, frame.axis, options.height, -laneRoom - 15)),
      ...options.layers,
      ...faultRules(frame.lanes, frame.axis, options.height),
      ...laneLayers(frame.lanes, frame.axis, {
        top: -laneRoom + lanePitch / 2 - 2,
        pitch: lanePitch,
        bar: 7,
        mark: 38,
      }),
      ...legend(options.unit, options.legend, -top + 10),
    ],
  });
}
