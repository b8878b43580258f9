import { ink, type Role } from './theme.ts';

/**
 * A chart as data: a Vega-Lite specification, words for those who do not see it, and the figures
 * behind it. Everything is drawn on plots of one width, so that charts of one page line up.
 */
export interface Chart {
  /** File name and anchor: kebab-case. */
  readonly name: string;
  readonly title: string;
  /** One sentence on what to look for. */
  readonly lead: string;
  /** What a person would be told who cannot see it, with its figures. */
  readonly description: string;
  readonly spec: Spec;
  readonly table: Table;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Said below the table: "every 4 s joined". */
  readonly note?: string;
}

/** A part of a Vega-Lite layer specification; checked by Vega-Lite when it is compiled. */
export type Layer = Readonly<Record<string, unknown>>;

export interface Spec extends Layer {
  readonly width: number;
  readonly height: number;
}

export const plot = { width: 830, left: 64, right: 26, bottom: 30 } as const;

/** The frame that all charts share; `top` pixels above the plot are for legend and lanes. */
export function specOf(options: {
  readonly top: number;
  readonly height: number;
  readonly bottom?: number;
  readonly layers: readonly Layer[];
}): Spec {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    width: plot.width,
    height: options.height,
    padding: {
      left: plot.left,
      right: plot.right,
      top: options.top,
      bottom: options.bottom ?? plot.bottom,
    },
    autosize: { type: 'none' },
    background: ink('paper'),
    layer: options.layers,
    config: {
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      aria: false,
      axis: {
        labelColor: ink('muted'),
        labelFontSize: 11.5,
        labelPadding: 6,
        domainColor: ink('muted'),
        tickColor: ink('muted'),
        tickSize: 4,
        gridColor: ink('hairline'),
        titleColor: ink('muted'),
        titleFontSize: 11.5,
        titleFontWeight: 'normal',
      },
      text: { color: ink('muted'), fontSize: 11.5, baseline: 'middle', align: 'left' },
      rule: { color: ink('muted') },
    },
  };
}

/** Keeps text readable where lines pass under it; needs `paint-order: stroke`. */
export const halo = { stroke: ink('paper'), strokeWidth: 4, strokeJoin: 'round' } as const;

/** A position in pixels of the plot, given by a field; negative `y` is above the plot. */
export function pixels(field: string): Layer {
  return { field, type: 'quantitative', scale: null, axis: null };
}

/** Widths are estimated: nothing here can measure text. */
export function textWidth(text: string, fontSize = 11.5): number {
  return Math.ceil(text.length * fontSize * 0.56);
}

export interface LegendItem {
  readonly label: string;
  readonly role: Role;
  readonly dash?: readonly number[];
  /** A block instead of a line. */
  readonly block?: boolean;
}

/** A word in the middle of a plot that has nothing to show. */
export function sayLayer(label: string, y: number): Layer {
  return {
    data: { values: [{ x: plot.width / 2, y, label }] },
    mark: { type: 'text', align: 'center', fontSize: 12 },
    encoding: { x: pixels('x'), y: pixels('y'), text: { field: 'label' } },
  };
}

export const legendPitch = 19;

/** Rows that a legend takes. */
export function legendRows(items: readonly LegendItem[]): number {
  return items.length === 0 ? 1 : place(items).at(-1)!.row + 1;
}

/** Items from left to right, in as many rows as they need. */
function place(items: readonly LegendItem[]): { item: LegendItem; x: number; row: number }[] {
  let x = 0;
  let row = 0;
  return items.map((item) => {
    const width = 28 + textWidth(item.label, 12);
    if (x > 0 && x + width > plot.width) {
      x = 0;
      row++;
    }
    const placed = { item, x, row };
    x += width + 18;
    return placed;
  });
}

/** Line samples with their names, and the unit of the y axis at the far left; `top` is negative. */
export function legend(unit: string, items: readonly LegendItem[], top: number): Layer[] {
  const rows = place(items).map(({ item, x, row }) => {
    const y = top + row * legendPitch;
    return {
      x,
      x2: x + 22,
      y,
      text: x + 28,
      label: item.label,
      color: ink(item.role),
      dash: item.dash ?? [],
      width: item.block === true ? 9 : 2.25,
    };
  });
  return [
    {
      data: { values: [{ x: -plot.left + 2, y: top, label: unit }] },
      mark: { type: 'text' },
      encoding: { x: pixels('x'), y: pixels('y'), text: { field: 'label' } },
    },
    {
      data: { values: rows },
      mark: { type: 'rule' },
      encoding: {
        x: pixels('x'),
        x2: { field: 'x2' },
        y: pixels('y'),
        color: { field: 'color', type: 'nominal', scale: null },
        strokeDash: { field: 'dash', type: 'nominal', scale: null },
        strokeWidth: { field: 'width', type: 'quantitative', scale: null },
      },
    },
    {
      data: { values: rows },
      mark: { type: 'text', fontSize: 12, color: ink('ink') },
      encoding: { x: pixels('text'), y: pixels('y'), text: { field: 'label' } },
    },
  ];
}
