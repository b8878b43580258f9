import type { Random } from './random.ts';

/**
 * What a disk keeps besides what the running system sees (`live`): what a power cut cannot take
 * away (`stable`), and between the two the changes that no sync has covered yet, in order. Shared
 * by every disk of ours whose power can be cut, so that they lose by the same rules.
 */
export type TreeNode<F extends Losing> = F | DirectoryNode<F>;

/** Whatever may lose something when the power is cut. */
export interface Losing {
  crash(random: Random): void;
}

/** What is left of a change to a file: all of it, or the first bytes of a write. */
export interface Survivor<C> {
  readonly change: C;
  readonly bytes: number;
}

/**
 * Of the changes to a file that were not synced each may have survived, a write as any prefix of
 * its bytes; half of the time the file system kept their order, so that nothing survives after the
 * first loss.
 */
export function drawSurvivors<C extends { readonly kind: 'write' | 'truncate' }>(
  changes: readonly C[],
  lengthOf: (change: C) => number,
  random: Random,
): Survivor<C>[] {
  const survivors: Survivor<C>[] = [];
  const ordered = random.below(2) === 0;
  for (const change of changes) {
    const fate = random.below(3);
    if (fate === 0) {
      survivors.push({ change, bytes: lengthOf(change) });
      continue;
    }
    if (fate === 1 && change.kind === 'write') {
      survivors.push({ change, bytes: random.below(lengthOf(change) + 1) });
    }
    if (ordered) break;
  }
  return survivors;
}

export type NameChange<F extends Losing> =
  | { readonly kind: 'link'; readonly name: string; readonly node: TreeNode<F> }
  | { readonly kind: 'unlink'; readonly name: string }
  | {
      readonly kind: 'rename';
      readonly name: string;
      readonly to: string;
      readonly node: TreeNode<F>;
    };

export class DirectoryNode<F extends Losing> {
  live = new Map<string, TreeNode<F>>();
  #stable = new Map<string, TreeNode<F>>();
  #changes: NameChange<F>[] = [];
  #settled = 0;

  get stable(): ReadonlyMap<string, TreeNode<F>> {
    return this.#stable;
  }

  get unsynced(): readonly NameChange<F>[] {
    return this.#changes;
  }

  change(change: NameChange<F>): void {
    enact(this.live, change);
    this.#changes.push(change);
  }

  /** What a sync that starts now will cover. */
  get mark(): number {
    return this.#settled + this.#changes.length;
  }

  /** Changes up to the mark that no other sync has covered meanwhile. */
  unsyncedTo(mark: number): number {
    return Math.max(0, mark - this.#settled);
  }

  /** The first `count` changes become stable. */
  settle(count: number): void {
    for (const change of this.#changes.splice(0, count)) enact(this.#stable, change);
    this.#settled += count;
  }

  /**
   * The power is gone, here and below. Of the changes that were not synced any may have survived,
   * but never a later one of a name whose earlier one was lost.
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
    this.#settled += this.#changes.length;
    this.#changes = [];
    this.live = new Map(this.#stable);
    for (const node of this.live.values()) node.crash(random);
  }

  /** The entry is gone, from both trees, and nothing knows why. */
  lose(name: string): void {
    this.live.delete(name);
    this.#stable.delete(name);
    const kept: NameChange<F>[] = [];
    for (const change of this.#changes) {
      if (change.name === name) continue;
      const isTarget = change.kind === 'rename' && change.to === name;
      kept.push(isTarget ? { kind: 'unlink', name: change.name } : change);
    }
    this.#settled += this.#changes.length - kept.length;
    this.#changes = kept;
  }

  /** The entry is there, in both trees, and nothing knows whence. */
  adopt(name: string, node: TreeNode<F>): void {
    this.lose(name);
    this.live.set(name, node);
    this.#stable.set(name, node);
  }
}

function enact<F extends Losing>(names: Map<string, TreeNode<F>>, change: NameChange<F>): void {
  if (change.kind === 'link') names.set(change.name, change.node);
  else names.delete(change.name);
  if (change.kind === 'rename') names.set(change.to, change.node);
}
