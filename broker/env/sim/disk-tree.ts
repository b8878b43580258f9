import type { Random } from '../random.ts';

/**
 * The two trees of a simulated disk. Every node holds what the running system sees (`live`), what
 * a power cut cannot take away (`stable`), and between them the changes that no sync has covered
 * yet, in order.
 */
export type Node = FileNode | DirectoryNode;

type FileChange =
  | { readonly kind: 'write'; readonly position: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly size: number };

export class FileNode {
  live = new Content();
  #stable = new Content();
  #changes: FileChange[] = [];

  write(position: number, bytes: Buffer): void {
    this.#change({ kind: 'write', position, bytes });
  }

  truncate(size: number): void {
    this.#change({ kind: 'truncate', size });
  }

  /** Changes so far: what a sync that starts now will cover. */
  get unsynced(): number {
    return this.#changes.length;
  }

  /** The first `count` changes become stable. */
  settle(count: number): void {
    for (const change of this.#changes.splice(0, count)) apply(this.#stable, change);
  }

  /** A failed sync: the kernel forgets that these changes ever had to reach the disk. */
  forget(count: number): void {
    this.#changes.splice(0, count);
  }

  /**
   * The power is gone. Of the changes that were not synced each may have survived, a write as any
   * prefix of its bytes; half of the time the file system kept their order, so that nothing
   * survives after the first loss.
   */
  crash(random: Random): void {
    const ordered = random.below(2) === 0;
    for (const change of this.#changes) {
      const fate = random.below(3);
      if (fate === 0) {
        apply(this.#stable, change);
        continue;
      }
      if (fate === 1 && change.kind === 'write') {
        const bytes = change.bytes.subarray(0, random.below(change.bytes.length + 1));
        apply(this.#stable, { ...change, bytes });
      }
      if (ordered) break;
    }
    this.#changes = [];
    this.live = this.#stable.copy();
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
    apply(this.live, change);
    this.#changes.push(change);
  }
}

type DirectoryChange =
  | { readonly kind: 'link'; readonly name: string; readonly node: Node }
  | { readonly kind: 'unlink'; readonly name: string }
  | { readonly kind: 'rename'; readonly name: string; readonly to: string; readonly node: Node };

export class DirectoryNode {
  live = new Map<string, Node>();
  #stable = new Map<string, Node>();
  #changes: DirectoryChange[] = [];

  link(name: string, node: Node): void {
    this.#change({ kind: 'link', name, node });
  }

  unlink(name: string): void {
    this.#change({ kind: 'unlink', name });
  }

  rename(name: string, to: string, node: Node): void {
    this.#change({ kind: 'rename', name, to, node });
  }

  get unsynced(): number {
    return this.#changes.length;
  }

  settle(count: number): void {
    for (const change of this.#changes.splice(0, count)) enact(this.#stable, change);
  }

  /**
   * Of the changes that were not synced any may have survived, but never a later one of a name
   * whose earlier one was lost.
   */
  crash(random: Random): void {
    const lost = new Set<string>();
    for (const change of this.#changes) {
      const names = change.kind === 'rename' ? [change.name, change.to] : [change.name];
      if (names.every((name) => !lost.has(name)) && random.below(2) === 0) {
        enact(this.#stable, change);
      } else {
        for (const name of names) lost.add(name);
      }
    }
    this.#changes = [];
    this.live = new Map(this.#stable);
    for (const node of this.live.values()) node.crash(random);
  }

  /** The entry is gone, from both trees, and nothing knows why. */
  lose(name: string): void {
    this.live.delete(name);
    this.#stable.delete(name);
    this.#changes = this.#changes.filter((change) => change.name !== name);
  }

  #change(change: DirectoryChange): void {
    enact(this.live, change);
    this.#changes.push(change);
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

function apply(to: Content, change: FileChange): void {
  if (change.kind === 'truncate') to.truncate(change.size);
  else if (change.bytes.length > 0) to.write(change.position, change.bytes);
}

function enact(names: Map<string, Node>, change: DirectoryChange): void {
  if (change.kind === 'link') names.set(change.name, change.node);
  else names.delete(change.name);
  if (change.kind === 'rename') names.set(change.to, change.node);
}
