/** Text that is already markup. Only `html` and `trusted` make it, so nothing else skips escaping. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Piece = Markup | string | number | readonly Piece[] | undefined | false;

/** A template whose values are escaped, unless they are markup; lists are joined. */
export function html(parts: TemplateStringsArray, ...values: readonly Piece[]): Markup {
  let text = '';
  parts.forEach((part, index) => {
    text += part + (index < values.length ? textOf(values[index]) : '');
  });
  return new Markup(text);
}

/** For markup made by a library from data of ours: the charts, the style sheet. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

function textOf(value: Piece): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(textOf).join('');
  return escapeMarkup(String(value));
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Safe as text and as a quoted attribute in HTML and XML; what XML 1.0 forbids becomes U+FFFD. */
export function escapeMarkup(text: string): string {
  return legalText(text).replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** What XML 1.0 forbids, and what a browser would not show, becomes U+FFFD. */
export function legalText(text: string): string {
  return text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
}
