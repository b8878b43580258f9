import { assert } from '../assert.ts';
import { BatchKind, readBatchHeader } from '../protocol/batch.ts';
import { readU64 } from '../protocol/integers.ts';
import type { Entry } from '../raft/types.ts';
import type { StateMachine } from '../server/state-machine.ts';
import { decodePartitionCommand, type PartitionCommand } from './commands.ts';
import { ProducerState, type AppendedBatch } from './producers.ts';

export interface PartitionLimits {
  /**
   * Producers remembered per partition. Beyond it the one whose newest batch lies furthest back in
   * the log is forgotten: by position and not by time, so each replica forgets the same one at the
   * same entry. A forgotten producer that comes back is answered `sequence-gap(-1)` and raises its
   * epoch.
   */
  readonly producersMax: number;
}

/** About 3 MB at five batches each. */
export const partitionLimits: PartitionLimits = { producersMax: 10_000 };

export interface Cursor {
  readonly generation: number;
  /** Everything below is done; -1 = never committed. */
  readonly offset: number;
}

/**
 * Everything that a partition knows besides its records, fed by its own log so that failover keeps
 * it: the producers' windows and the groups' cursors.
 */
export class PartitionMachine implements StateMachine {
  readonly #limits: PartitionLimits;
  /** In order of each producer's newest batch, oldest first: `Map` keeps insertion order. */
  #producers = new Map<number, ProducerState>();
  #cursors = new Map<string, Cursor>();
  #appliedIndex = 0;

  constructor(limits: PartitionLimits = partitionLimits) {
    assert(limits.producersMax >= 1, 'producersMax must be at least 1');
    this.#limits = limits;
  }

  /** Index of the last entry that was applied. */
  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  get producerCount(): number {
    return this.#producers.size;
  }

  get cursorCount(): number {
    return this.#cursors.size;
  }

  /** Not to be changed by the caller. */
  producer(producerId: number): ProducerState | undefined {
    return this.#producers.get(producerId);
  }

  cursor(group: string): Cursor | undefined {
    return this.#cursors.get(group);
  }

  /**
   * What to answer a cursor command once its entry is applied: the offset to resume at, or
   * `fenced` when a higher generation is known by now.
   */
  cursorAnswer(command: PartitionCommand): number | 'fenced' {
    const cursor = this.#cursors.get(command.group);
    if (cursor === undefined || cursor.generation !== command.generation) return 'fenced';
    return cursor.offset;
  }

  apply(entry: Entry): void {
    assert(entry.index > this.#appliedIndex, 'entry applied twice or out of order');
    this.#appliedIndex = entry.index;
    const kind = entry.bytes.readUInt8(37);
    if (kind === BatchKind.records) {
      if (readU64(entry.bytes, 40) !== 0) this.#applyRecords(entry);
    } else if (kind === BatchKind.command) {
      this.#applyCommand(decodePartitionCommand(entry.bytes));
    }
  }

  #applyRecords(entry: Entry): void {
    const header = readBatchHeader(entry.bytes);
    const batch: AppendedBatch = {
      baseSequence: header.baseSequence,
      recordCount: header.recordCount,
      baseOffset: header.baseOffset,
      term: entry.term,
      index: entry.index,
    };
    const known = this.#producers.get(header.producerId);
    if (known === undefined) {
      this.#producers.set(header.producerId, new ProducerState(header.epoch, [batch]));
    } else {
      known.record(header.epoch, batch);
      this.#producers.delete(header.producerId);
      this.#producers.set(header.producerId, known);
    }
    if (this.#producers.size > this.#limits.producersMax) {
      for (const oldest of this.#producers.keys()) {
        this.#producers.delete(oldest);
        break;
      }
    }
  }

  #applyCommand(command: PartitionCommand): void {
    const cursor = this.#cursors.get(command.group);
    if (cursor !== undefined && command.generation < cursor.generation) return;
    this.#cursors.set(command.group, {
      generation: command.generation,
      offset: command.type === 'commit-cursor' ? command.offset : (cursor?.offset ?? -1),
    });
  }

  /** Sorted by producer id and by group name; producers are put back in log order by `restore`. */
  snapshot(): Buffer {
    const producers = [...this.#producers]
      .sort(([left], [right]) => left - right)
      .map(([id, { epoch, batches }]): ProducerImage => {
        return [
          id,
          epoch,
          batches.map((b) => [b.baseSequence, b.recordCount, b.baseOffset, b.term, b.index]),
        ];
      });
    const cursors = [...this.#cursors]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([group, { generation, offset }]): CursorImage => [group, generation, offset]);
    const appliedIndex = this.#appliedIndex;
    const image: SnapshotImage = { version: 1, appliedIndex, producers, cursors };
    return Buffer.from(JSON.stringify(image), 'utf8');
  }

  restore(snapshot: Buffer | undefined): void {
    this.#producers = new Map();
    this.#cursors = new Map();
    this.#appliedIndex = 0;
    if (snapshot === undefined) return;
    const image = JSON.parse(snapshot.toString('utf8')) as SnapshotImage;
    assert(image.version === 1, `partition snapshot of unknown version ${image.version}`);
    const states = image.producers.map(([id, epoch, batches]): [number, ProducerState] => {
      const window = batches.map(([baseSequence, recordCount, baseOffset, term, index]) => ({
        baseSequence,
        recordCount,
        baseOffset,
        term,
        index,
      }));
      return [id, new ProducerState(epoch, window)];
    });
    states.sort(([, left], [, right]) => left.lastIndex - right.lastIndex);
    this.#producers = new Map(states);
    for (const [group, generation, offset] of image.cursors) {
      this.#cursors.set(group, { generation, offset });
    }
    this.#appliedIndex = image.appliedIndex;
  }
}

/** Base sequence, record count, base offset, term, index. */
type BatchImage = readonly [number, number, number, number, number];
/** Producer id, epoch, window. */
type ProducerImage = readonly [number, number, readonly BatchImage[]];
/** Group, generation, offset. */
type CursorImage = readonly [string, number, number];

interface SnapshotImage {
  readonly version: number;
  readonly appliedIndex: number;
  readonly producers: readonly ProducerImage[];
  readonly cursors: readonly CursorImage[];
}
