import { assert } from '../assert.ts';
import { BatchKind } from '../protocol/batch.ts';
import { readU32, readU64, writeU64 } from '../protocol/integers.ts';
import type { Entry } from '../raft/types.ts';
import type { StateMachine } from './state-machine.ts';

/**
 * The partition's state machine with the high watermark beside it: the offset behind the last
 * record that was committed. Applying sees every committed entry, so this is where it is known
 * without asking the log.
 *
 * Snapshot: `u64 highWatermark`, then the machine's own.
 */
export class ServedState implements StateMachine {
  readonly #machine: StateMachine;
  #highWatermark = 0;

  constructor(machine: StateMachine) {
    this.#machine = machine;
  }

  get highWatermark(): number {
    return this.#highWatermark;
  }

  apply(entry: Entry): void {
    this.#machine.apply(entry);
    if (entry.bytes[37] !== BatchKind.records) return;
    const end = readU64(entry.bytes, 8) + readU32(entry.bytes, 56);
    assert(end > this.#highWatermark, 'the high watermark went back');
    this.#highWatermark = end;
  }

  snapshot(): Buffer {
    const head = Buffer.alloc(8);
    writeU64(head, 0, this.#highWatermark);
    return Buffer.concat([head, this.#machine.snapshot()]);
  }

  restore(snapshot: Buffer | undefined): void {
    this.#highWatermark = snapshot === undefined ? 0 : readU64(snapshot, 0);
    this.#machine.restore(snapshot?.subarray(8));
  }
}
