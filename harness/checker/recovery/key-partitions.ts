const keysMax = 1 << 22;

/** Where each key lives, learned from acks: tells where an operation without an answer was going. */
export class KeyPartitions {
  /** Partition + 1; 0 = unknown. */
  #partitions = new Uint16Array(1024);

  learn(key: number, partition: number): void {
    if (key >= keysMax || partition < 0) return;
    if (key >= this.#partitions.length) {
      const grown = new Uint16Array(Math.min(keysMax, 2 ** Math.ceil(Math.log2(key + 1))));
      grown.set(this.#partitions);
      this.#partitions = grown;
    }
    this.#partitions[key] = partition + 1;
  }

  /** -1 while unknown. */
  of(key: number): number {
    return (this.#partitions[key] ?? 0) - 1;
  }
}
