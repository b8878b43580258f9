/** What a fault put at risk, as measured right before it was injected. */
export interface MeasuredExposure {
  /**
   * Acked messages that were not yet safe from it, index = partition; upper bounds, and what is safe
   * stays so.
   */
  readonly byPartition: readonly number[];
  /** The longest sync of the topic's logs until then, in milliseconds. */
  readonly syncMsMax: number;
  /** When the broker began to be asked: history time. What was acked later is not counted in it. */
  readonly measuredAtNanos: number;
}

/** Acked messages that were not yet safe, of all partitions. */
export function unsafeOf({ byPartition }: Pick<MeasuredExposure, 'byPartition'>): number {
  return byPartition.reduce((sum, messages) => sum + messages, 0);
}
