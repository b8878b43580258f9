import { parse, View, Error as errorsOnly, logger } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { escapeMarkup, legalText } from '../markup.ts';
import type { Chart } from './chart.ts';
import { declarations, inLight, palette } from './theme.ts';

/** A drawing as it stands in the page, and as files of its own. */
export interface Drawing {
  /** Coloured by the page's variables; named and described for screen readers. */
  readonly inline: string;
  /** Complete by itself, light and dark. */
  readonly standalone: string;
  /** The Vega-Lite specification with its data, as JSON, in the light colours. */
  readonly spec: string;
}

export async function draw(chart: Chart): Promise<Drawing> {
  const log = logger(errorsOnly);
  const compiled = compile(chart.spec as unknown as TopLevelSpec, { logger: log });
  const view = new View(parse(compiled.spec), { renderer: 'none', logger: log });
  const raw = legalText(await view.toSVG());
  view.finalize();
  const box = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(raw);
  const size = { width: Number(box?.[1]), height: Number(box?.[2]) };
  const body = compact(raw.slice(raw.indexOf('>') + 1, raw.lastIndexOf('</svg>')));
  return {
    inline: inlineSvg(chart, body, size),
    standalone: standaloneSvg(chart, body, size),
    spec: `${inLight(JSON.stringify(chart.spec))}\n`,
  };
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const font =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif';

function inlineSvg(chart: Chart, body: string, { width, height }: Size): string {
  const id = `chart-${chart.name}`;
  return (
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-description">` +
    `${named(chart, id)}${body}</svg>`
  );
}

const titleRoom = 30;

function standaloneSvg(chart: Chart, body: string, { width, height }: Size): string {
  const id = `chart-${chart.name}`;
  const total = height + titleRoom;
  const dark = Object.values(palette)
    .map(
      ({ light, dark: colour }) =>
        `[fill="${light}"]{fill:${colour}}[stroke="${light}"]{stroke:${colour}}`,
    )
    .join('');
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 ${-titleRoom} ${width} ${total}" ` +
    `role="img" aria-labelledby="${id}-title ${id}-description" font-family='${font}' paint-order="stroke">${named(chart, id)}` +
    `<style>:root{${declarations('light')}}@media (prefers-color-scheme:dark){${dark}}</style>` +
    inLight(
      `<rect y="${-titleRoom}" width="${width}" height="${total}" fill="var(--paper)"/>` +
        `<text x="4" y="-9" font-size="15" font-weight="600" fill="var(--ink)">${escapeMarkup(chart.title)}</text>${body}`,
    ) +
    '</svg>\n'
  );
}

function named(chart: Chart, id: string): string {
  return (
    `<title id="${id}-title">${escapeMarkup(chart.title)}</title>` +
    `<desc id="${id}-description">${escapeMarkup(chart.description)}</desc>`
  );
}

/**
 * Drops what the renderer writes for its own live view, and digits below a tenth of a pixel; joins
 * neighbouring rectangles of one colour (a heat map is thousands of them) into one path.
 */
function compact(svg: string): string {
  return svg
    .replace(/^<rect [^>]*\/>/, '')
    .replace(/<path (?:class="(?:background|foreground)"|aria-hidden="true")[^>]*\/>/g, '')
    .replace(
      / (?:class|aria-[a-z]+|role|pointer-events|font-family|stroke-miterlimit)="[^"]*"/g,
      '',
    )
    .replace(/ (?:opacity|fill-opacity)="1"/g, '')
    .replace(
      / (d|transform|x|y|x2|y2)="([^"]*)"/g,
      (_, name: string, value: string) =>
        ` ${name}="${value.replace(/-?\d+\.\d{2,}(?:e-\d+)?/g, (digits) => String(Number(Number(digits).toFixed(1))))}"`,
    )
    .replace(/(?:<path d="[^"]*" fill="var\(--heat\d\)"\/>)+/g, joinCells)
    .replace(/<g><\/g>/g, '');
}

function joinCells(cells: string): string {
  const paths = new Map<string, string>();
  for (const [, path = '', fill = ''] of cells.matchAll(/<path d="([^"]*)" fill="([^"]*)"\/>/g)) {
    paths.set(fill, (paths.get(fill) ?? '') + path);
  }
  return [...paths].map(([fill, path]) => `<path d="${path}" fill="${fill}"/>`).join('');
}
