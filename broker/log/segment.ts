import { assert } from '../assert.ts';
import { DiskError } from '../env/disk.ts';
import type { Disk, DiskFile } from '../env/disk.ts';
import { writeWhole } from './durable.ts';
import { encodeSealed, encodeSegmentHeader, fileName } from './segment-format.ts';
import { segmentHeaderBytes } from './segment-format.ts';
import type { Mark, SealedSegment, SegmentHeader } from './segment-format.ts';

/** Bytes of a segment between two marks of its sparse index. */
export const markEveryBytes = 32_768;

/** One file of the log. The writer is the only one who changes it. */
export class Segment {
  readonly header: SegmentHeader;
  readonly #disk: Disk;
  readonly #directory: string;
  /** Sparse index over what has been written, rising; the first mark is the first batch. */
  readonly marks: Mark[];
  /** End of what has been written and not truncated. */
  endPosition = segmentHeaderBytes;
  /** The same, with what still waits to be written. */
  plannedEnd = segmentHeaderBytes;
  /** Where `plannedEnd` stood when the last mark was planned. */
  markedEnd = segmentHeaderBytes;
  sealedAtMs = 0;
  /** Resolves once the file exists, durably; rejects when the log failed before. */
  created: Promise<void> = Promise.resolve();
  #file: DiskFile | undefined;
  #users = 0;
  #closing = false;

  constructor(disk: Disk, directory: string, header: SegmentHeader) {
    this.#disk = disk;
    this.#directory = directory;
    this.header = header;
    const { baseIndex, baseOffset } = header;
    this.marks = [{ index: baseIndex, offset: baseOffset, position: segmentHeaderBytes }];
  }

  get name(): string {
    return fileName(this.header.baseIndex, 'log');
  }

  get path(): string {
    return `${this.#directory}/${this.name}`;
  }

  /** Makes the file, durably, and keeps it open. Everything before it must be synced. */
  async create(): Promise<void> {
    const chunks = [encodeSegmentHeader(this.header)];
    this.#file = await writeWhole(this.#disk, {
      directory: this.#directory,
      name: this.name,
      chunks,
    });
  }

  /** Opens the file for writing and keeps it open. */
  async open(): Promise<void> {
    this.#closing = false;
    this.#file ??= await this.#disk.open(this.path);
  }

  get writable(): DiskFile {
    assert(this.#file !== undefined && !this.#closing, 'the segment is open for writing');
    return this.#file;
  }

  /** Lets go of the file once nobody uses it; it is opened again for each later read. */
  release(): void {
    this.#closing = true;
    this.#closeWhenUnused();
  }

  /** Uses the file while nobody closes it. */
  async with<T>(use: (file: DiskFile) => Promise<T>): Promise<T> {
    const shared = this.#file;
    if (shared === undefined) {
      const own = await this.#disk.open(this.path);
      try {
        return await use(own);
      } finally {
        await own.close();
      }
    }
    this.#users++;
    try {
      return await use(shared);
    } finally {
      this.#users--;
      this.#closeWhenUnused();
    }
  }

  /** The last mark that does not lie behind the entry. */
  markOfIndex(index: number): Mark {
    return this.#lastMark((mark) => mark.index <= index);
  }

  markOfOffset(offset: number): Mark {
    return this.#lastMark((mark) => mark.offset <= offset);
  }

  truncateMarks(index: number): void {
    while (this.marks.length > 1 && this.marks.at(-1)!.index > index) this.marks.pop();
  }

  /** Not synced: it is no more than a shortcut, with a checksum, and can be made anew. */
  async writeIndex(sealed: SealedSegment): Promise<void> {
    const file = await this.#disk.open(this.indexPath, { create: true });
    const bytes = encodeSealed(sealed);
    await file.write(0, [bytes]);
    await file.truncate(bytes.length);
    await file.close();
  }

  async readIndex(): Promise<Buffer | undefined> {
    let file: DiskFile;
    try {
      file = await this.#disk.open(this.indexPath);
    } catch (error) {
      if (error instanceof DiskError && error.code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return await file.read(0, file.size);
    } finally {
      await file.close();
    }
  }

  get indexPath(): string {
    return `${this.#directory}/${fileName(this.header.baseIndex, 'index')}`;
  }

  #lastMark(fits: (mark: Mark) => boolean): Mark {
    let low = 0;
    let high = this.marks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (fits(this.marks[middle]!)) low = middle;
      else high = middle - 1;
    }
    return this.marks[low]!;
  }

  #closeWhenUnused(): void {
    if (!this.#closing || this.#users > 0 || this.#file === undefined) return;
    const file = this.#file;
    this.#file = undefined;
    // Nothing depends on it: what was written through it has been synced where that matters.
    file.close().catch(() => {});
  }
}
