/** One figure of `npm run bench`. `probe` is the physical probe of the same run, `ratio` value/probe. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly probe: number | null;
  readonly ratio: number | null;
  /** In words: "ratio >= 0.5"; "-" for figures without a goal. */
  readonly goal: string;
  readonly met: boolean;
}
