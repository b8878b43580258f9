import type { FileEnd } from '../file-system/file-ends.ts';
import type { FileSystemKind } from '../file-system/kinds.ts';

/**
 * What the nodes' data stand on. `plain`: folders of this machine's file system. `emulated`: the
 * broker's own emulation of a disk whose power can be cut. `ext4`, `xfs`: a real file system per
 * node, in a file of its own.
 */
export const storageForms = ['plain', 'emulated', 'ext4', 'xfs'] as const;
export type StorageForm = (typeof storageForms)[number];

/** Where the nodes of one cluster keep their data. Node numbers count from 1. */
export interface NodeStorage {
  readonly form: StorageForm;
  /** Makes the place for a node's data, before its first start. Idempotent. */
  prepare(node: number): Promise<void>;
  /** What the node's own configuration says of it. */
  configOf(node: number): { readonly dataDirectory: string; readonly storage?: 'emulated' };
  disk(node: number): NodeDisk;
  /** All nodes have ended: nothing stays mounted, the data stay where they are. Idempotent. */
  close(): Promise<void>;
}

/** The disk of one node, for the faults that act on it. */
export type NodeDisk = PlainDisk | EmulatedDisk | OwnFileSystem;

interface NodeFiles {
  /** The node's files, as the node itself sees them. */
  readonly directory: string;
}

export interface PlainDisk extends NodeFiles {
  readonly form: 'plain';
}

export interface EmulatedDisk extends NodeFiles {
  readonly form: 'emulated';
  /** Of the emulation: `directory` is a part of it. */
  readonly root: string;
  /**
   * Takes what no sync had covered, but for fragments that the seed draws. The node's process must
   * be gone. `lengths`: of every file that is to be left, in bytes, by its path below `directory`.
   */
  cutPower(seed: number): Promise<{
    readonly bytesDropped: number;
    readonly filesReverted: number;
    readonly namesReverted: number;
    readonly lengths: Readonly<Record<string, number>>;
  }>;
  /**
   * Asks it to do this wrong from now on; what is left out stays as it is. Resolves with the number
   * of the request: a process that runs takes it on soon, one that starts does before all else.
   */
  misbehave(change: Partial<Misbehaviour>): Promise<number>;
  /** What the disk itself last said of what it did; all 0 when it was never asked to misbehave. */
  account(): Promise<DiskAccount>;
}

export interface Misbehaviour {
  /** So many syncs fail, and what they had to cover never reaches the disk. */
  readonly failSyncs: number;
  readonly full: boolean;
  /** Added to each write, read and sync. */
  readonly slowMs: number;
}

/** Counts since the disk was made, over all lives of its node. */
export interface DiskAccount {
  /** Number of the request that it took on last. */
  readonly request: number;
  /** How many of `failSyncs` are still to come. */
  readonly syncsToFail: number;
  readonly syncsFailed: number;
  readonly writesRefused: number;
  readonly operationsSlowed: number;
  /** By how much, all together. */
  readonly millisSlowed: number;
}

/** Times are monotonic nanoseconds at which it was done. Owned by the supervisor. */
export interface OwnFileSystem extends NodeFiles {
  readonly form: FileSystemKind;
  /** Its root; the node's data are a folder in it. */
  readonly mountPoint: string;
  /** It is about to be shut down, which then is to take effect at once. */
  armShutDown(): Promise<void>;
  /**
   * Freezes the node and, before a sync that is under way comes to its end, shuts it down; armed
   * before. Resolves with when the node was frozen, and how these files ended then.
   */
  freezeAndShutDown(files: readonly string[]): Promise<{
    readonly frozenAt: number;
    readonly ends: readonly FileEnd[];
  }>;
  /** Cut off from its image without a flush: un-synced data are gone, every access fails. */
  shutDown(): Promise<number>;
  /** The node's process must be gone. Idempotent. */
  unmount(): Promise<number>;
  /** The journal recovers what was synced. Idempotent. */
  mount(): Promise<number>;
}
