import { halo, pixels, textWidth, type Layer } from './chart.ts';
import { ink } from './theme.ts';

/** Names beside the points they belong to. */
export interface PlacedLabel {
  readonly x: number;
  readonly y: number;
  readonly label: string;
  readonly align: 'left' | 'right';
  /** Where its point is, when it had to move so far that a line must tell whose name it is. */
  readonly from?: { readonly x: number; readonly y: number };
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const lineHeight = 14;

/** Beside each point, where neither another name nor another point stands; pixels of the plot. */
export function placeLabels(
  points: readonly { readonly x: number; readonly y: number; readonly label: string }[],
  bounds: { readonly width: number; readonly height: number },
): PlacedLabel[] {
  const marks = points.map(({ x, y }): Box => ({
    left: x - 6,
    right: x + 6,
    top: y - 6,
    bottom: y + 6,
  }));
  const taken: Box[] = [...marks];
  return points
    .map((point, index) => ({ point, own: marks[index]! }))
    .toSorted((a, b) => a.point.y - b.point.y || a.point.x - b.point.x)
    .map(({ point, own }) => {
      const width = textWidth(point.label, 12);
      const tries = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5].flatMap((step) =>
        (['left', 'right'] as const).map((align): PlacedLabel & { readonly box: Box } => {
          const x = align === 'left' ? point.x + 11 : point.x - 11;
          const y = point.y + step * lineHeight;
          const left = align === 'left' ? x : x - width;
          const [top, bottom] = [y - lineHeight / 2 + 0.5, y + lineHeight / 2 - 0.5];
          return {
            x,
            y,
            label: point.label,
            align,
            box: { left, right: left + width, top, bottom },
          };
        }),
      );
      const inside = tries.filter(
        ({ box }) =>
          box.left >= 0 &&
          box.right <= bounds.width &&
          box.top >= -4 &&
          box.bottom <= bounds.height,
      );
      const free = inside.find(({ box }) =>
        taken.every((other) => other === own || !overlap(box, other)),
      );
      const { box, ...placed } = free ?? inside[0] ?? tries[0]!;
      taken.push(box);
      const far = Math.abs(placed.y - point.y) > lineHeight;
      return far ? { ...placed, from: { x: point.x, y: point.y } } : placed;
    });
}

/** Moves heights apart until each has its line, keeping their order; the result is as the input is. */
export function spread(heights: readonly number[], bounds: { readonly height: number }): number[] {
  const order = heights.map((y, index) => ({ y, index })).sort((a, b) => a.y - b.y);
  const placed: number[] = [];
  order.forEach(({ y }, place) =>
    placed.push(Math.max(y, (placed[place - 1] ?? -Infinity) + lineHeight)),
  );
  for (let place = placed.length - 1; place >= 0; place--) {
    const below = placed[place + 1];
    placed[place] = Math.min(
      placed[place]!,
      below === undefined ? bounds.height : below - lineHeight,
    );
  }
  const back: number[] = [];
  order.forEach(({ index }, place) => (back[index] = placed[place]!));
  return back;
}

export function labelLayers(labels: readonly PlacedLabel[]): Layer[] {
  const leaders = labels.flatMap(({ x, y, align, from }) =>
    from === undefined
      ? []
      : [
          {
            x: tenth(from.x),
            y: tenth(from.y),
            x2: tenth(align === 'left' ? x - 3 : x + 3),
            y2: tenth(y),
          },
        ],
  );
  const names = (['left', 'right'] as const).flatMap((align): Layer[] => {
    const values = labels
      .filter((label) => label.align === align)
      .map(({ x, y, label }) => ({ x: tenth(x), y: tenth(y), label }));
    if (values.length === 0) return [];
    return [
      {
        data: { values },
        mark: { type: 'text', align, fontSize: 12, color: ink('ink'), ...halo },
        encoding: { x: pixels('x'), y: pixels('y'), text: { field: 'label' } },
      },
    ];
  });
  if (leaders.length === 0) return names;
  const encoding = { x: pixels('x'), x2: { field: 'x2' }, y: pixels('y'), y2: { field: 'y2' } };
  return [
    {
      data: { values: leaders },
      mark: { type: 'rule', color: ink('muted'), strokeWidth: 0.8 },
      encoding,
    },
    ...names,
  ];
}

/** Data of a specification need no digits below a tenth of a pixel. */
export function tenth(value: number): number {
  return Number(value.toFixed(1));
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
