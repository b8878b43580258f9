import { drawSurvivors } from '../disk-tree.ts';
import type { TreeNode } from '../disk-tree.ts';
import type { Random } from '../random.ts';

export type Node = TreeNode<FileNode>;

const nothing = Buffer.alloc(0);

type FileChange =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly size: number; readonly bytes: Buffer };

/** A file of a simulated disk: its live and its stable content, and the changes between. */
export class FileNode {
  live = new Content();
  #stable = new Content();
  #changes: FileChange[] = [];
  #settled = 0;

  write(position: number, bytes: Buffer): void {
    this.#change({ kind: 'write', position, bytes });
  }

  /** To the size that it has, it changes nothing, on disk neither. */
  truncate(size: number): void {
    if (size !== this.live.size) this.#change({ kind: 'truncate', size, bytes: nothing });
  }

  /** What a sync that starts now will cover. */
  get mark(): number {
    return this.#settled + this.#changes.length;
  }

  /** The changes up to the mark become stable. */
  settle(mark: number): void {
    for (const change of this.#take(mark)) apply(this.#stable, change, change.bytes.length);
  }

  /** A failed sync: the kernel forgets that these changes ever had to reach the disk. */
  forget(mark: number): void {
    this.#take(mark);
  }

  /** The power is gone. */
  crash(random: Random): void {
    const survivors = drawSurvivors(this.#changes, (change) => change.bytes.length, random);
    for (const { change, bytes } of survivors) apply(this.#stable, change, bytes);
    this.#take(this.mark);
    this.live = this.#stable.copy();
  }

  /** Rot: the file ends at `size`, on the disk and in the page cache, and nobody cut it. */
  tear(size: number): void {
    for (const content of [this.live, this.#stable]) {
      if (content.size > size) content.truncate(size);
    }
    this.#changes = this.#changes.map((change) => {
      if (change.kind === 'truncate') return { ...change, size: Math.min(change.size, size) };
      const kept = Math.max(0, size - change.position);
      return { ...change, bytes: change.bytes.subarray(0, kept) };
    });
  }

  /** Rot: changes what is stored without anyone having written it. */
  flipBit(bit: number): void {
    for (const content of [this.live, this.#stable]) content.flipBit(bit);
    for (const change of this.#changes) {
      if (change.kind !== 'write') continue;
      const at = (bit >> 3) - change.position;
      if (at >= 0 && at < change.bytes.length) change.bytes[at]! ^= 1 << (bit & 7);
    }
  }

  #change(change: FileChange): void {
    apply(this.live, change, change.bytes.length);
    this.#changes.push(change);
  }

  /** Without those that another sync has covered meanwhile. */
  #take(mark: number): FileChange[] {
    const taken = this.#changes.splice(0, Math.max(0, mark - this.#settled));
    this.#settled += taken.length;
    return taken;
  }
}

/** Bytes of a file: grows, and reads as zero where nothing was written. */
class Content {
  #bytes = Buffer.alloc(0);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  write(position: number, bytes: Buffer): void {
    this.#reach(position + bytes.length);
    bytes.copy(this.#bytes, position);
  }

  truncate(size: number): void {
    if (size < this.#size) this.#bytes.fill(0, size, this.#size);
    else this.#reach(size);
    this.#size = size;
  }

  read(position: number, length: number): Buffer {
    const end = Math.min(this.#size, position + length);
    return Buffer.from(this.#bytes.subarray(Math.min(position, end), end));
  }

  flipBit(bit: number): void {
    const at = bit >> 3;
    if (at < this.#size) this.#bytes[at]! ^= 1 << (bit & 7);
  }

  copy(): Content {
    const copy = new Content();
    copy.#bytes = Buffer.from(this.#bytes);
    copy.#size = this.#size;
    return copy;
  }

  #reach(size: number): void {
    if (size > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(size, 2 * this.#bytes.length));
      this.#bytes.copy(grown);
      this.#bytes = grown;
    }
    this.#size = Math.max(this.#size, size);
  }
}

function apply(to: Content, change: FileChange, bytes: number): void {
  if (change.kind === 'truncate') to.truncate(change.size);
  else if (bytes > 0) to.write(change.position, change.bytes.subarray(0, bytes));
}
