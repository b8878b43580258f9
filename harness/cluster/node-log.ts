import { readFileSync, statSync } from 'node:fs';

/** What a node writes to its log file, life after life. */
export class NodeLog {
  readonly #file: string;
  readonly #complaintOf: (line: string) => string | undefined;
  #lifeBegins = 0;

  constructor(file: string, complaintOf: (line: string) => string | undefined) {
    this.#file = file;
    this.#complaintOf = complaintOf;
  }

  /** What was said before is of an earlier life. */
  beginLife(): void {
    this.#lifeBegins = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** What the node has complained about in its present or last life, as sentences, in order. */
  complaints(): string[] {
    return this.#lines().flatMap((line) => this.#complaintOf(line) ?? []);
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
