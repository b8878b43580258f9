import { ink, type Role } from './theme.ts';
import type { Layer } from './chart.ts';
import { timeChannel, type TimeAxis } from './time-axis.ts';

/** One line of a time chart; a null breaks it, a point between two nulls is drawn as a point. */
export interface Line {
  readonly role: Role;
  readonly dash?: readonly number[];
  readonly width?: number;
  /** Each point stands for its whole window, drawn flat. */
  readonly step?: boolean;
  /** Fills down to zero, pale. */
  readonly area?: boolean;
  readonly points: readonly { readonly t: number; readonly y: number | null }[];
}

/** Few enough points to show each: a short run must not look like a scribble. */
const dottedMax = 40;

export function lineLayers(lines: readonly Line[], axis: TimeAxis, y: Layer): Layer[] {
  return lines.flatMap((line) => {
    const x = timeChannel(axis, 't');
    const values = line.points.map(({ t, y: value }) => ({
      t: rounded(t),
      y: value === null ? null : rounded(value),
    }));
    const interpolate = line.step === true ? { interpolate: 'step' } : {};
    const layers: Layer[] = [];
    if (line.area === true) {
      layers.push({
        data: { values },
        mark: {
          type: 'area',
          color: ink(line.role),
          opacity: 0.14,
          ...interpolate,
          invalid: 'break-paths-show-path-domains',
        },
        encoding: { x, y },
      });
    }
    layers.push({
      data: { values },
      mark: {
        type: 'line',
        color: ink(line.role),
        strokeWidth: line.width ?? 1.75,
        strokeDash: line.dash ?? [],
        strokeJoin: 'round',
        ...interpolate,
        invalid: 'break-paths-show-path-domains',
      },
      encoding: { x, y },
    });
    const shown = values.filter(
      (value, index) =>
        value.y !== null &&
        line.step !== true &&
        (values.length <= dottedMax || (isNull(values[index - 1]) && isNull(values[index + 1]))),
    );
    if (shown.length > 0) {
      layers.push({
        data: { values: shown },
        mark: { type: 'point', filled: true, color: ink(line.role), size: 16, opacity: 1 },
        encoding: { x, y },
      });
    }
    return layers;
  });
}

function isNull(value: { readonly y: number | null } | undefined): boolean {
  return value === undefined || value.y === null;
}

/** Four significant digits are more than a pixel. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
