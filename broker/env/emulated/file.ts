import { assert } from '../../assert.ts';
import { DiskError } from '../disk.ts';
import type { DiskFile } from '../disk.ts';
import type { FaultControl } from './faults.ts';
import type { Frame } from './frame.ts';
import type { FileChange, TrackedFile } from './tracked-file.ts';

const nothing = Buffer.alloc(0);

/** What an open file needs of its disk. */
export interface FileParts {
  readonly faults: FaultControl;
  /** Resolves once the journal has it; nothing happens for a file that nothing can bring back. */
  record(tracked: TrackedFile, frame: (id: number) => Frame): Promise<void>;
  closed(tracked: TrackedFile): void;
}

/**
 * A file of an emulated disk that is open, once for all handles. Changes take effect one after
 * another, in the order of the calls, each after the journal has what it takes to undo it.
 */
export class OpenFile {
  readonly #parts: FileParts;
  readonly #inner: DiskFile;
  readonly #tracked: TrackedFile;
  readonly path: string;
  #users = 0;
  #queue: Promise<unknown> = Promise.resolve();
  /** Of all changes that have completed. */
  #landed: number;
  #busy = 0;
  size: number;
  issuedSize: number;

  constructor(parts: FileParts, inner: DiskFile, tracked: TrackedFile, path: string) {
    this.#parts = parts;
    this.#inner = inner;
    this.#tracked = tracked;
    this.path = path;
    this.#landed = tracked.mark;
    this.size = inner.size;
    this.issuedSize = inner.size;
  }

  /** No change and no sync is under way. */
  get idle(): boolean {
    return this.#busy === 0;
  }

  handle(): DiskFile {
    this.#users++;
    return new EmulatedFile(this);
  }

  write(position: number, chunks: readonly Uint8Array[]): Promise<void> {
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    this.issuedSize = Math.max(this.issuedSize, position + length);
    return this.#inTurn(async () => {
      await this.#parts.faults.delay();
      const grows = position + length > this.size;
      if (!grows || !this.#parts.faults.refusesGrowth()) {
        await this.#write(position, length, chunks);
        return;
      }
      const room = this.size - position;
      if (room > 0) await this.#write(position, room, [Buffer.concat(chunks).subarray(0, room)]);
      this.issuedSize = this.size;
      throw new DiskError('ENOSPC', `No space is left for ${this.path}`);
    });
  }

  async read(position: number, length: number): Promise<Buffer> {
    await this.#parts.faults.delay();
    return await this.#inner.read(position, length);
  }

  truncate(size: number): Promise<void> {
    return this.#inTurn(async () => {
      this.issuedSize = size;
      if (size === this.size) return;
      const cut = Math.max(0, this.size - size);
      const before = await this.#before(size, cut);
      await this.#change({ kind: 'truncate', size, sizeBefore: this.size, before });
      await this.#inner.truncate(size);
      this.size = size;
    });
  }

  async sync(): Promise<void> {
    const mark = this.#landed;
    this.#busy++;
    try {
      await this.#parts.faults.delay();
      await this.#syncInner();
      await this.#resolve(mark, 'settle');
    } catch (error) {
      await this.#resolve(mark, 'forget');
      throw error;
    } finally {
      this.#busy--;
    }
  }

  /** A handle is given up. */
  async release(): Promise<void> {
    if (--this.#users > 0) return;
    this.#parts.closed(this.#tracked);
    await this.#queue;
    await this.#inner.close();
  }

  async #syncInner(): Promise<void> {
    if (this.#parts.faults.takeSyncFailure()) {
      throw new DiskError('EIO', `Could not sync ${this.path}: the device failed`);
    }
    await this.#inner.sync();
  }

  async #resolve(mark: number, kind: 'settle' | 'forget'): Promise<void> {
    const count = this.#tracked.unsyncedTo(mark);
    if (count > 0) await this.#parts.record(this.#tracked, (id) => ({ kind, id, count }));
  }

  async #write(position: number, length: number, chunks: readonly Uint8Array[]): Promise<void> {
    const sizeBefore = this.size;
    const before = await this.#before(position, Math.min(length, sizeBefore - position));
    await this.#change({ kind: 'write', position, length, sizeBefore, before });
    try {
      await this.#inner.write(position, chunks);
      if (length > 0) this.size = Math.max(this.size, position + length);
    } catch (error) {
      this.size = this.#inner.size;
      throw error;
    }
  }

  async #before(position: number, length: number): Promise<Buffer> {
    if (length <= 0) return nothing;
    const before = await this.#inner.read(position, length);
    assert(before.length === length, `${this.path} has the bytes that are about to go`);
    return before;
  }

  #change(change: FileChange): Promise<void> {
    return this.#parts.record(this.#tracked, (id) => {
      return { kind: 'change', id, change, fate: 'unsynced' };
    });
  }

  #inTurn(run: () => Promise<void>): Promise<void> {
    this.#busy++;
    const ended = this.#queue.then(run).finally(() => {
      this.#landed = this.#tracked.mark;
      this.#busy--;
    });
    this.#queue = ended.catch(() => {});
    return ended;
  }
}

class EmulatedFile implements DiskFile {
  readonly #file: OpenFile;
  #closed = false;

  constructor(file: OpenFile) {
    this.#file = file;
  }

  get size(): number {
    return this.#file.issuedSize;
  }

  async write(position: number, chunks: readonly Uint8Array[]): Promise<void> {
    this.#checkOpen();
    await this.#file.write(position, chunks);
  }

  async read(position: number, length: number): Promise<Buffer> {
    this.#checkOpen();
    return await this.#file.read(position, length);
  }

  async truncate(size: number): Promise<void> {
    this.#checkOpen();
    await this.#file.truncate(size);
  }

  async sync(): Promise<void> {
    this.#checkOpen();
    await this.#file.sync();
  }

  async close(): Promise<void> {
    this.#checkOpen();
    this.#closed = true;
    await this.#file.release();
  }

  #checkOpen(): void {
    if (this.#closed) throw new DiskError('EBADF', `${this.#file.path} is closed`);
  }
}
