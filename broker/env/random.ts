/** Randomness as a part that is passed in. Real part: seeded from the system; twin: from a seed. */
export interface Random {
  /** Uniform integer in [0, bound); `bound` in 1..2^32. */
  below(bound: number): number;
  /** Uniform in [0, 1). */
  unit(): number;
}
