const keysMax = 1 << 22;

/** Who was served where, and since when: what all faults of a run are measured against. */
export class Service {
  /** By key: partition + 1; 0 = unknown. Tells where an operation without an answer was going. */
  #partitions = new Uint16Array(1024);
  /** By client, by partition: the time of the first ack. */
  readonly #firstAcks = new Map<number, number[]>();
  readonly #lastInvokes = new Map<number, number>();

  invoked(client: number, time: number): void {
    this.#lastInvokes.set(client, time);
  }

  /** Without positions everything counts as one partition. */
  acked(
    client: number,
    {
      key,
      partition,
      time,
    }: { readonly key: number; readonly partition: number; readonly time: number },
  ): void {
    const place = Math.max(partition, 0);
    let acks = this.#firstAcks.get(client);
    if (acks === undefined) this.#firstAcks.set(client, (acks = []));
    if (!(acks[place]! <= time)) acks[place] = time;
    if (key >= keysMax) return;
    if (key >= this.#partitions.length) this.#grow(key);
    this.#partitions[key] = place + 1;
  }

  clients(): number[] {
    return [...this.#firstAcks.keys()];
  }

  /** Partitions in which the client was acked before this time. */
  servedBefore(client: number, time: number): number[] {
    const acks = this.#firstAcks.get(client) ?? [];
    return [...acks.keys()].filter((partition) => acks[partition]! < time);
  }

  lastInvoke(client: number): number {
    return this.#lastInvokes.get(client) ?? Number.NEGATIVE_INFINITY;
  }

  /** -1 while unknown. */
  partitionOf(key: number): number {
    return (this.#partitions[key] ?? 0) - 1;
  }

  #grow(key: number): void {
    const grown = new Uint16Array(Math.min(keysMax, 2 ** Math.ceil(Math.log2(key + 1))));
    grown.set(this.#partitions);
    this.#partitions = grown;
  }
}
