import { readFileSync, statSync } from 'node:fs';

/** A complaint in it is a line of JSON at this level or above (warn), or one that begins `code: `. */
const complaintLevel = 40;

/** What a node writes to its log file, life after life. */
export class NodeLog {
  readonly #file: string;
  #lifeBegins = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** What was said before is of an earlier life. */
  beginLife(): void {
    this.#lifeBegins = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** What the node has complained about in its present or last life, as sentences, in order. */
  complaints(): string[] {
    return this.#lines().flatMap((line) => complaintOf(line) ?? []);
  }

  /** What it said last, at most 500 characters: mostly why it ended. '' when it said nothing. */
  lastWords(): string {
    const lines = this.#lines().slice(-30);
    const said = lines.findLast((line) => /error\b|^[a-z-]+: /i.test(line)) ?? lines.at(-1) ?? '';
    return said.slice(0, 500);
  }

  #lines(): string[] {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#file);
    } catch {
      return [];
    }
    const text = bytes.subarray(this.#lifeBegins).toString();
    return text.split('\n').filter((line) => line.trim() !== '');
  }
}

function complaintOf(line: string): string | undefined {
  if (/^[a-z-]+: /.test(line)) return line;
  if (!line.startsWith('{')) return undefined;
  try {
    const { level, msg } = JSON.parse(line) as { readonly level?: number; readonly msg?: string };
    return level !== undefined && level >= complaintLevel ? msg : undefined;
  } catch {
    return undefined;
  }
}
