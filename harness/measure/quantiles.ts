/**
 * The least number of samples that supports a quantile: the smallest n at which the largest sample
 * lies above the quantile with 95 % confidence, so that the tail was seen at all:
 * n = ln(0.05) / ln(q). p50 5, p90 29, p99 299, p99.9 2995.
 */
export function samplesNeeded(quantile: number): number {
  return Math.ceil(Math.log(0.05) / Math.log(quantile));
}
