import { drawSurvivors } from '../disk-tree.ts';
import type { Losing, Survivor } from '../disk-tree.ts';
import type { Random } from '../random.ts';

/**
 * A change to a file, with what it takes to undo it. What was written is not kept: the file has
 * it, and what a later change overwrote of it is in that change's `before`.
 */
export type FileChange = {
  readonly sizeBefore: number;
  /** What was there: below a write, or behind a truncation. */
  readonly before: Buffer;
} & (
  | { readonly kind: 'write'; readonly position: number; readonly length: number }
  | { readonly kind: 'truncate'; readonly size: number }
);

/** `forgotten`: a failed sync had it; it is in the page cache but will never reach the disk. */
export type Fate = 'unsynced' | 'settled' | 'forgotten';

export interface TrackedChange {
  readonly change: FileChange;
  readonly fate: Fate;
}

/** The changes by which a file's live content differs from its stable one. */
export class TrackedFile implements Losing {
  /** Settled ones only behind a forgotten one, which cannot be undone without them. */
  #changes: TrackedChange[] = [];
  #unsynced = 0;
  #resolved = 0;
  #survivors: Survivor<FileChange>[] | undefined;

  get changes(): readonly TrackedChange[] {
    return this.#changes;
  }

  push(change: FileChange, fate: Fate = 'unsynced'): void {
    this.#changes.push({ change, fate });
    if (fate === 'unsynced') this.#unsynced++;
  }

  /** Counts every change so far. */
  get mark(): number {
    return this.#resolved + this.#unsynced;
  }

  /** Changes up to the mark that no other sync has covered meanwhile. */
  unsyncedTo(mark: number): number {
    return Math.max(0, mark - this.#resolved);
  }

  /** The first `count` unsynced changes are stable from now on, or never will be. */
  resolve(count: number, fate: 'settled' | 'forgotten'): void {
    let left = count;
    for (let at = 0; left > 0 && at < this.#changes.length; at++) {
      const { change, fate: was } = this.#changes[at]!;
      if (was !== 'unsynced') continue;
      this.#changes[at] = { change, fate };
      left--;
    }
    this.#resolved += count - left;
    this.#unsynced -= count - left;
    const kept = this.#changes.findIndex((tracked) => tracked.fate !== 'settled');
    this.#changes.splice(0, kept < 0 ? this.#changes.length : kept);
  }

  /**
   * Makes one write of appends that follow on each other, so that a file which is never synced does
   * not need more and more memory. No sync may be under way.
   */
  coalesce(): void {
    const kept: TrackedChange[] = [];
    for (const tracked of this.#changes) {
      const joined = join(kept.at(-1), tracked);
      if (joined === undefined) {
        kept.push(tracked);
        continue;
      }
      kept[kept.length - 1] = joined;
      this.#unsynced--;
      this.#resolved++;
    }
    this.#changes = kept;
  }

  crash(random: Random): void {
    const unsynced = this.#changes.filter(({ fate }) => fate === 'unsynced');
    const drawn = drawSurvivors(
      unsynced.map(({ change }) => change),
      lengthOf,
      random,
    );
    // A file that has two names, after half of a rename, loses once.
    this.#survivors ??= this.#withSettled(drawn);
    this.#resolved += this.#unsynced;
    this.#unsynced = 0;
    this.#changes = this.#changes.map(({ change, fate }) => ({
      change,
      fate: fate === 'unsynced' ? 'forgotten' : fate,
    }));
  }

  /** After a power cut: what is to be done again once every change has been undone, in order. */
  get survivors(): readonly Survivor<FileChange>[] {
    return this.#survivors ?? [];
  }

  #withSettled(drawn: readonly Survivor<FileChange>[]): Survivor<FileChange>[] {
    const bytes = new Map(drawn.map((survivor) => [survivor.change, survivor.bytes]));
    const survivors: Survivor<FileChange>[] = [];
    for (const { change, fate } of this.#changes) {
      const left = fate === 'settled' ? lengthOf(change) : bytes.get(change);
      if (left !== undefined) survivors.push({ change, bytes: left });
    }
    return survivors;
  }
}

export function lengthOf(change: FileChange): number {
  return change.kind === 'write' ? change.length : 0;
}

function join(earlier: TrackedChange | undefined, later: TrackedChange): TrackedChange | undefined {
  if (earlier?.fate !== 'unsynced' || later.fate !== 'unsynced') return undefined;
  const { change } = earlier;
  const next = later.change;
  if (change.kind !== 'write' || next.kind !== 'write') return undefined;
  const appends = change.position === change.sizeBefore && next.position === next.sizeBefore;
  if (!appends || change.position + change.length !== next.position) return undefined;
  return { change: { ...change, length: change.length + next.length }, fate: 'unsynced' };
}
