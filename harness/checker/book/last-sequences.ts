/**
 * The highest sequence seen per (producer, key): a hash table with open addressing, 12 bytes a
 * slot, as large as there are distinct pairs and no larger.
 */
export class LastSequences {
  #producers = new Uint32Array(64);
  #keys = new Uint32Array(64);
  /** Sequence + 1; 0 = the slot is free. */
  #sequences = new Uint32Array(64);
  #mask = 63;
  #count = 0;

  /** Returns the highest sequence before (-1 = none), and keeps the higher of it and `sequence`. */
  raise(producer: number, key: number, sequence: number): number {
    let slot = spread(producer, key) & this.#mask;
    for (;;) {
      const kept = this.#sequences[slot]!;
      if (kept === 0) break;
      if (this.#keys[slot] === key && this.#producers[slot] === producer) {
        if (sequence >= kept) this.#sequences[slot] = sequence + 1;
        return kept - 1;
      }
      slot = (slot + 1) & this.#mask;
    }
    this.#put(slot, producer, key, sequence + 1);
    this.#count++;
    if (this.#count * 3 > this.#mask * 2) this.#grow();
    return -1;
  }

  #put(slot: number, producer: number, key: number, kept: number): void {
    this.#producers[slot] = producer;
    this.#keys[slot] = key;
    this.#sequences[slot] = kept;
  }

  #grow(): void {
    const [producers, keys, sequences] = [this.#producers, this.#keys, this.#sequences];
    const size = sequences.length * 2;
    this.#producers = new Uint32Array(size);
    this.#keys = new Uint32Array(size);
    this.#sequences = new Uint32Array(size);
    this.#mask = size - 1;
    for (let from = 0; from < sequences.length; from++) {
      if (sequences[from] === 0) continue;
      let slot = spread(producers[from]!, keys[from]!) & this.#mask;
      while (this.#sequences[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#put(slot, producers[from]!, keys[from]!, sequences[from]!);
    }
  }
}

function spread(producer: number, key: number): number {
  let mixed = Math.imul(key, 0x9e37_79b1) ^ Math.imul(producer, 0x85eb_ca77);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2_ae3d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
