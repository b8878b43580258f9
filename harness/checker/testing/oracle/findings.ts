export interface OracleVerdict {
  readonly verdict: 'valid' | 'invalid' | 'unknown';
  /** By kind; without kinds that did not occur. */
  readonly anomalies: Readonly<Record<string, number>>;
}

/** What one guarantee comes to: forbidden is invalid, else a doubt is unknown, else it is valid. */
export class Findings {
  readonly #anomalies: Record<string, number> = {};
  #forbidden = false;
  #doubtful = false;

  add(kind: string, allowed = false): void {
    this.#anomalies[kind] = (this.#anomalies[kind] ?? 0) + 1;
    if (!allowed) this.#forbidden = true;
  }

  doubt(): void {
    this.#doubtful = true;
  }

  verdict(): OracleVerdict {
    const verdict = this.#forbidden ? 'invalid' : this.#doubtful ? 'unknown' : 'valid';
    return { verdict, anomalies: this.#anomalies };
  }
}
