import type { Disk } from '../env/disk.ts';
import { readU64, writeU64 } from '../protocol/integers.ts';
import type { HardState } from '../raft/types.ts';
import { makeLogDirectory } from './directory.ts';
import { SlotFile } from './slot-file.ts';

/** Term, vote and incarnation of a replica, durable in every flush mode. */
export class HardStateFile {
  readonly #slots: SlotFile;

  private constructor(slots: SlotFile) {
    this.#slots = slots;
  }

  /** Rejects with `corrupt-log` when there is a file but no valid state in it. */
  static async open(disk: Disk, directory: string): Promise<HardStateFile> {
    await makeLogDirectory(disk, directory);
    const name = 'hard-state';
    return new HardStateFile(await SlotFile.open({ disk, directory, name, payloadBytes: 24 }));
  }

  /** What was last saved; all zero before the first save. */
  get state(): HardState {
    const bytes = this.#slots.value;
    if (bytes === undefined) return { term: 0, vote: 0, incarnation: 0 };
    return { term: readU64(bytes, 0), vote: readU64(bytes, 8), incarnation: readU64(bytes, 16) };
  }

  /** Resolves once synced; a rejection is fatal to the replica. Saves are done in order. */
  save(state: HardState): Promise<void> {
    const bytes = Buffer.alloc(24);
    writeU64(bytes, 0, state.term);
    writeU64(bytes, 8, state.vote);
    writeU64(bytes, 16, state.incarnation);
    return this.#slots.save(bytes);
  }

  close(): Promise<void> {
    return this.#slots.close();
  }
}
