/** Collects slices and joins those that lie back to back, so that most reads copy nothing. */
export class Runs {
  #done: Buffer[] = [];
  #open: Buffer | undefined;
  #openBytes = 0;
  bytes = 0;

  add(slice: Buffer): void {
    this.bytes += slice.length;
    const open = this.#open;
    if (
      open !== undefined &&
      open.buffer === slice.buffer &&
      open.byteOffset + this.#openBytes === slice.byteOffset
    ) {
      this.#openBytes += slice.length;
      return;
    }
    this.#close();
    this.#open = slice;
    this.#openBytes = slice.length;
  }

  join(): Buffer {
    this.#close();
    return this.#done.length === 1 ? this.#done[0]! : Buffer.concat(this.#done);
  }

  #close(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#done.push(Buffer.from(open.buffer, open.byteOffset, this.#openBytes));
    this.#open = undefined;
  }
}
