import type { LogFiles } from './logs.ts';

/** What was done to a file of a node while it did not run, and how to undo it. */
export interface Damage {
  /** As the node calls the log that the file is of. */
  readonly log: string;
  /** "1 bit of group-65537/00000000000000000001.log was flipped, at byte 4711" */
  readonly what: string;
  /** The damage can still be seen in the file: the node did not mend it. */
  isThere(): Promise<boolean>;
  /**
   * The node does not run. Puts back what is still as the damage left it, and touches nothing that
   * the node has made of it since; true when there was something to put back.
   */
  putBack(): Promise<boolean>;
}

/** The node does not run. Rejects with a sentence when no file of these is fit for it. */
export type Damager<Options> = (parts: {
  readonly logs: readonly LogFiles[];
  readonly options: Options;
  /** The same number in [0, 1) for the same word and seed. */
  readonly draw: (word: string) => number;
  /** On the node's own file system; takes what is kept for putting back. It need not be there. */
  readonly asideDirectory: string;
}) => Promise<Damage>;

/** "group-65537/00000000000000000001.log" */
export function shortName(path: string): string {
  return path.split('/').slice(-2).join('/');
}
