/**
 * The words of judgement. A verdict is computed after the fact from the history alone.
 * `unknown` is never a pass; `not-applicable` means that the broker lacks what the check needs.
 */
export type VerdictValue = 'valid' | 'invalid' | 'unknown' | 'not-applicable';

export interface Anomaly {
  /** The field's word: lost-prefix, lost-middle, lost-tail, lost-all, vanished, duplicate-broker, ... */
  readonly kind: string;
  readonly count: number;
  /** First witnesses, at most ten, each one line: "producer 1 sequence 4711, acked at p0@812 ...". */
  readonly examples: readonly string[];
}

export interface Verdict {
  readonly check: string;
  readonly verdict: VerdictValue;
  /** Never a bare 0: what was looked at and how much of it. */
  readonly evidence: string;
  readonly anomalies: readonly Anomaly[];
}
