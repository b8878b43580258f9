import type { RecordedFault, RunRecord } from '../../harness/record/record.ts';
import { moment } from '../format.ts';
import { faultTitle } from '../words.ts';
import {
  halo,
  pixels,
  plot,
  sayLayer,
  specOf,
  textWidth,
  type Chart,
  type Layer,
} from './chart.ts';
import { faultEnd, faultStart, laneLayers, markOf, steps, type Lane } from './lanes.ts';
import { phaseLayers, timeChannel } from './time-axis.ts';
import { faultLabel, type Frame } from './frame.ts';
import { ink } from './theme.ts';
import { recoveryTime } from '../recovery-time.ts';

const worded = 8;

/** The faults of one run, each with its story in words; many faults share lanes and lose the words. */
export function timelineChart(record: RunRecord, frame: Frame): Chart {
  const inWords = record.faults.length <= worded;
  const pitch = inWords ? 44 : 24;
  const lanes: readonly Lane[] = inWords
    ? record.faults.map((fault, index) => ({ fault, label: faultLabel(index), lane: index }))
    : frame.lanes;
  const count = inWords ? record.faults.length : frame.laneCount;
  const height = Math.max(1, count) * pitch + (inWords ? 4 : 8);
  const phaseRoom = record.phases.length > 0 ? 20 : 0;
  const top = (record.faults.length > 0 ? 28 : 4) + phaseRoom;
  const first = inWords ? 28 : 13;
  return {
    name: 'timeline',
    title: 'Faults',
    lead: '',
    description:
      record.faults.length === 0
        ? 'No fault was injected.'
        : record.faults.map((fault, index) => `${faultLabel(index)}: ${story(fault)}`).join(' '),
    spec: specOf({
      top,
      height,
      layers: [
        ...phaseLayers(record, frame.axis, height, phaseRoom > 0 ? -11 : null),
        {
          data: { values: [{ t: frame.axis.start }] },
          mark: { type: 'point', opacity: 0 },
          encoding: { x: timeChannel(frame.axis, 't') },
        },
        ...laneLayers(lanes, frame.axis, { top: first, pitch, bar: 9, mark: 52 }),
        ...(inWords ? stories(record.faults, frame, pitch) : []),
        ...(record.faults.length === 0
          ? [sayLayer('no fault was injected', height / 2)]
          : shapeLegend(-top + 10)),
      ],
    }),
    table: { columns: [], rows: [] },
  };
}

function story(fault: RecordedFault): string {
  const parts = [`${faultTitle(fault)}, requested at ${moment(fault.requestedAtMs)}`];
  if (fault.effectiveAtMs === null) parts.push('never effective');
  if (fault.rtoMs !== null)
    parts.push(`clients served again after ${recoveryTime(fault.rtoMs, fault)}`);
  else
    parts.push(
      `no recovery measured${fault.recoveryNote === '' ? '' : ` (${fault.recoveryNote})`}`,
    );
  if (fault.healedAtMs !== null) parts.push(`healed at ${moment(fault.healedAtMs)}`);
  return `${parts.join(', ')}.`;
}

/** One line of words over each bar, kept inside the plot. */
function stories(faults: readonly RecordedFault[], frame: Frame, pitch: number): Layer[] {
  const rows = faults.map((fault, index) => {
    const label =
      `${faultTitle(fault)} at ${moment(fault.effectiveAtMs ?? fault.requestedAtMs)}` +
      (fault.rtoMs === null
        ? ', not recovered'
        : `, served again after ${recoveryTime(fault.rtoMs, fault)}`) +
      (fault.proof.injected === 'confirmed' ? '' : ` (${fault.proof.injected})`);
    const start = frame.axis.at(faultStart(fault)) - 4;
    const fits = start + textWidth(label, 12) <= plot.width;
    const x = fits ? start : Math.min(frame.axis.at(faultEnd(fault)) + 4, plot.width);
    return { align: fits ? 'left' : 'right', x, y: index * pitch + 9, label };
  });
  return (['left', 'right'] as const).flatMap((align): Layer[] => {
    const values = rows.filter((row) => row.align === align);
    if (values.length === 0) return [];
    return [
      {
        data: { values },
        mark: { type: 'text', align, fontSize: 12, color: ink('ink'), ...halo },
        encoding: { x: pixels('x'), y: pixels('y'), text: { field: 'label' } },
      },
    ];
  });
}

/** The shapes with their names. */
function shapeLegend(y: number): Layer[] {
  let x = 6;
  return steps.flatMap((step): Layer[] => {
    const at = x;
    const label = step.name === 'recovered' ? 'recovered: all clients served again' : step.name;
    x += 12 + textWidth(label, 12) + 22;
    return [
      {
        data: { values: [{ x: at, y }] },
        mark: markOf(step, 52),
        encoding: { x: pixels('x'), y: pixels('y') },
      },
      {
        data: { values: [{ x: at + 10, y, label }] },
        mark: { type: 'text', fontSize: 12 },
        encoding: { x: pixels('x'), y: pixels('y'), text: { field: 'label' } },
      },
    ];
  });
}
