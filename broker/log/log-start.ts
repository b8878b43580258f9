import type { Disk } from '../env/disk.ts';
import { readU64, writeU64 } from '../protocol/integers.ts';
import { SlotFile } from './slot-file.ts';

/** Where a log begins, as the log itself wrote it down. */
export interface LogStart {
  /** Index of the first entry, and the offset and term before it. */
  readonly index: number;
  readonly offset: number;
  readonly previousTerm: number;
  /** Counts the times that the whole log was replaced by a snapshot. */
  readonly generation: number;
  /** The segments of this generation may not all be there yet, those before not be gone. */
  readonly pending: boolean;
}

const payloadBytes = 33;

/**
 * The durable start of the log. It tells a first segment that retention dropped from one that is
 * missing, and it is the commit point at which a snapshot from a leader replaces the whole log.
 */
export class LogStartFile {
  readonly #slots: SlotFile;

  private constructor(slots: SlotFile) {
    this.#slots = slots;
  }

  static async open(disk: Disk, directory: string): Promise<LogStartFile> {
    const slots = await SlotFile.open({ disk, directory, name: 'log-start', payloadBytes });
    return new LogStartFile(slots);
  }

  get start(): LogStart | undefined {
    const bytes = this.#slots.value;
    if (bytes === undefined) return undefined;
    return {
      index: readU64(bytes, 0),
      offset: readU64(bytes, 8),
      previousTerm: readU64(bytes, 16),
      generation: readU64(bytes, 24),
      pending: bytes[32] === 1,
    };
  }

  save(start: LogStart): Promise<void> {
    const bytes = Buffer.alloc(payloadBytes);
    writeU64(bytes, 0, start.index);
    writeU64(bytes, 8, start.offset);
    writeU64(bytes, 16, start.previousTerm);
    writeU64(bytes, 24, start.generation);
    bytes[32] = start.pending ? 1 : 0;
    return this.#slots.save(bytes);
  }

  close(): Promise<void> {
    return this.#slots.close();
  }
}
