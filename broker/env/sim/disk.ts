import { DiskError } from '../disk.ts';
import type { Disk, DiskFile } from '../disk.ts';
import { DirectoryNode } from '../disk-tree.ts';
import type { Random } from '../random.ts';
import { FileNode } from './file-node.ts';
import type { Node } from './file-node.ts';
import type { Scheduler } from './scheduler.ts';

/** Milliseconds of virtual time, least and most, that an operation takes. */
export interface DiskLatency {
  readonly write: readonly [number, number];
  readonly read: readonly [number, number];
  readonly sync: readonly [number, number];
  /** Opening, listing, renaming, removing. */
  readonly other: readonly [number, number];
}

const defaultLatency: DiskLatency = {
  write: [0.01, 0.2],
  read: [0.01, 0.2],
  sync: [0.2, 5],
  other: [0.01, 0.2],
};

interface Pending {
  /** What has happened by the time the operation completes. */
  readonly land: () => void;
  /** What may have happened if the process dies while it runs. */
  readonly landPartly: ((random: Random) => void) | undefined;
}

/**
 * A disk with a page cache, in virtual time. An operation takes effect when it completes. A crash
 * (`crash`) keeps what syncs covered as of their start, and seed-drawn fragments of the rest; the
 * death of the process alone (`kill`) keeps everything that had completed. After either, what the
 * old process still waits for never resolves.
 */
export class SimDisk implements Disk {
  readonly #scheduler: Pick<Scheduler, 'schedule'>;
  readonly #random: Random;
  readonly #latency: DiskLatency;
  #root = new DirectoryNode<FileNode>();
  #life = 0;
  #pending = new Set<Pending>();
  #syncsToFail = 0;
  #full = false;
  /** Multiplies every latency. */
  slowness = 1;

  constructor(options: {
    readonly scheduler: Pick<Scheduler, 'schedule'>;
    readonly random: Random;
    readonly latency?: DiskLatency;
  }) {
    this.#scheduler = options.scheduler;
    this.#random = options.random;
    this.#latency = options.latency ?? defaultLatency;
  }

  /** The power is cut: the page cache is gone. */
  crash(random: Random): void {
    this.kill(random);
    this.#root.crash(random);
  }

  /**
   * The process is killed: the page cache stays. Operations in flight did not happen, or with
   * `random` each write may have, as any prefix of it.
   */
  kill(random?: Random): void {
    this.#life++;
    const pending = this.#pending;
    this.#pending = new Set();
    if (random === undefined) return;
    for (const operation of pending) operation.landPartly?.(random);
  }

  /** The next `count` syncs of files fail with `EIO`, and what they covered is lost at a crash. */
  failSyncs(count = 1): void {
    this.#syncsToFail = count;
  }

  /** While full, growing a file or creating one fails with `ENOSPC`. */
  setFull(full: boolean): void {
    this.#full = full;
  }

  flipBit(path: string, bit: number): void {
    this.#fileAt(path).flipBit(bit);
  }

  /** Of the last file in the directory with this ending: its last `bytes` are gone, not the first. */
  tearTail(directory: string, torn: { ending: string; bytes: number; sparing: number }): void {
    const node = this.#lookUp(directory);
    if (!(node instanceof DirectoryNode)) throw missing(directory);
    const name = [...node.live.keys()].sort().findLast((each) => each.endsWith(torn.ending));
    if (name === undefined) throw missing(`${directory}/*${torn.ending}`);
    const file = this.#fileAt(`${directory}/${name}`);
    file.tear(Math.max(torn.sparing, file.live.size - torn.bytes));
  }

  /** The file vanishes from both trees. */
  lose(path: string): void {
    const { parent, name } = this.#parentOf(path);
    parent.lose(name);
  }

  open(path: string, options?: { readonly create?: boolean }): Promise<DiskFile> {
    return this.perform('other', () => {
      const { parent, name } = this.#parentOf(path);
      let node = parent.live.get(name);
      if (node === undefined) {
        if (!options?.create) throw missing(path);
        if (this.#full) throw noSpace(path);
        node = new FileNode();
        parent.change({ kind: 'link', name, node });
      }
      if (node instanceof DirectoryNode) throw new DiskError('EISDIR', `${path} is a directory`);
      return new SimFile(this, node, path);
    });
  }

  list(directory: string): Promise<string[]> {
    return this.perform('other', () => {
      const node = this.#lookUp(directory);
      return node instanceof DirectoryNode ? [...node.live.keys()].sort() : [];
    });
  }

  makeDirectory(directory: string): Promise<void> {
    return this.perform('other', () => {
      let at = this.#root;
      for (const name of parts(directory)) {
        let next = at.live.get(name);
        if (next === undefined) {
          next = new DirectoryNode<FileNode>();
          at.change({ kind: 'link', name, node: next });
        }
        if (next instanceof FileNode) throw new DiskError('ENOTDIR', `${name} is a file`);
        at = next;
      }
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.perform('other', () => {
      const source = this.#parentOf(from);
      const target = this.#parentOf(to);
      const node = source.parent.live.get(source.name);
      if (node === undefined) throw missing(from);
      if (source.parent === target.parent) {
        const { name } = source;
        source.parent.change({ kind: 'rename', name, to: target.name, node });
      } else {
        target.parent.change({ kind: 'link', name: target.name, node });
        source.parent.change({ kind: 'unlink', name: source.name });
      }
    });
  }

  remove(path: string): Promise<void> {
    return this.perform('other', () => this.#unlink(path));
  }

  removeDirectory(directory: string): Promise<void> {
    return this.perform('other', () => this.#unlink(directory));
  }

  async syncDirectory(directory: string): Promise<void> {
    const node = this.#lookUp(directory);
    if (!(node instanceof DirectoryNode)) throw missing(directory);
    const { mark } = node;
    await this.perform('sync', () => node.settle(node.unsyncedTo(mark)));
  }

  /** For `SimFile`: runs `land` when the operation's time has passed. */
  perform<T>(
    kind: keyof DiskLatency,
    land: () => T,
    landPartly?: (random: Random) => void,
  ): Promise<T> {
    const [least, most] = this.#latency[kind];
    const delayMs = this.slowness * (least + this.#random.unit() * (most - least));
    const life = this.#life;
    return new Promise<T>((resolve, reject) => {
      const operation: Pending = {
        land: () => {
          try {
            resolve(land());
          } catch (error) {
            reject(error as Error);
          }
        },
        landPartly,
      };
      this.#pending.add(operation);
      this.#scheduler.schedule(delayMs, () => {
        if (life !== this.#life) return;
        this.#pending.delete(operation);
        operation.land();
      });
    });
  }

  /** For `SimFile`: whether a sync that completes now is one of those that fail. */
  takeSyncFailure(): boolean {
    if (this.#syncsToFail === 0) return false;
    this.#syncsToFail--;
    return true;
  }

  /** For `SimFile`. */
  get full(): boolean {
    return this.#full;
  }

  get life(): number {
    return this.#life;
  }

  #unlink(path: string): void {
    const parent = this.#lookUp(parts(path).slice(0, -1).join('/'));
    const name = parts(path).at(-1);
    if (parent instanceof DirectoryNode && name !== undefined && parent.live.has(name)) {
      parent.change({ kind: 'unlink', name });
    }
  }

  #lookUp(path: string): Node | undefined {
    let at: Node | undefined = this.#root;
    for (const name of parts(path)) {
      if (!(at instanceof DirectoryNode)) return undefined;
      at = at.live.get(name);
    }
    return at;
  }

  #parentOf(path: string): { parent: DirectoryNode<FileNode>; name: string } {
    const names = parts(path);
    const name = names.pop();
    const parent = this.#lookUp(names.join('/'));
    if (name === undefined || !(parent instanceof DirectoryNode)) throw missing(path);
    return { parent, name };
  }

  #fileAt(path: string): FileNode {
    const node = this.#lookUp(path);
    if (!(node instanceof FileNode)) throw missing(path);
    return node;
  }
}

class SimFile implements DiskFile {
  readonly #disk: SimDisk;
  readonly #node: FileNode;
  readonly #path: string;
  readonly #life: number;
  #issuedSize: number;
  #closed = false;

  constructor(disk: SimDisk, node: FileNode, path: string) {
    this.#disk = disk;
    this.#node = node;
    this.#path = path;
    this.#life = disk.life;
    this.#issuedSize = node.live.size;
  }

  get size(): number {
    return Math.max(this.#issuedSize, this.#node.live.size);
  }

  write(position: number, chunks: readonly Uint8Array[]): Promise<void> {
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    this.#issuedSize = Math.max(this.#issuedSize, position + length);
    return this.#perform(
      'write',
      () => {
        // Only now are the bytes taken: a caller that changed them meanwhile sees what it did.
        const bytes = Buffer.concat(chunks);
        const room = this.#node.live.size - position;
        if (this.#disk.full && room < bytes.length) {
          if (room > 0) this.#node.write(position, bytes.subarray(0, room));
          this.#issuedSize = this.#node.live.size;
          throw noSpace(this.#path);
        }
        this.#node.write(position, bytes);
      },
      (random) => {
        const bytes = Buffer.concat(chunks);
        if (random.below(2) === 0) return;
        this.#node.write(position, bytes.subarray(0, random.below(bytes.length + 1)));
      },
    );
  }

  read(position: number, length: number): Promise<Buffer> {
    return this.#perform('read', () => this.#node.live.read(position, length));
  }

  truncate(size: number): Promise<void> {
    return this.#perform('other', () => {
      this.#node.truncate(size);
      this.#issuedSize = size;
    });
  }

  sync(): Promise<void> {
    const covered = this.#node.mark;
    return this.#perform('sync', () => {
      if (this.#disk.takeSyncFailure()) {
        this.#node.forget(covered);
        throw new DiskError('EIO', `Could not sync ${this.#path}: the device failed`);
      }
      this.#node.settle(covered);
    });
  }

  close(): Promise<void> {
    return this.#perform('other', () => {
      this.#closed = true;
    });
  }

  #perform<T>(
    kind: keyof DiskLatency,
    land: () => T,
    landPartly?: (random: Random) => void,
  ): Promise<T> {
    // A handle of a process that is gone: nobody is left to be answered.
    if (this.#life !== this.#disk.life) return new Promise<T>(() => {});
    return this.#disk.perform(
      kind,
      () => {
        if (this.#closed) throw new DiskError('EBADF', `${this.#path} is closed`);
        return land();
      },
      landPartly,
    );
  }
}

function parts(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function missing(path: string): DiskError {
  return new DiskError('ENOENT', `${path} does not exist`);
}

function noSpace(path: string): DiskError {
  return new DiskError('ENOSPC', `No space is left for ${path}`);
}
