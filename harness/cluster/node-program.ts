import type { NodeStorage } from './node-storage.ts';

/** The nodes of one broker as programs: how each is started, asked, and heard complaining. */
export interface NodeProgram {
  /** Looks whether it can be started. Rejects with HarnessError `environment` in one sentence. */
  check(): Promise<void>;
  /** How many addresses each node listens at; the first is for clients. */
  readonly addressesPerNode: number;
  /** Writes what the node will read, and says how a life of it is started as a process. */
  command(seat: NodeSeat): NodeCommand;
  /** `line`: it prints one on stdout once it is ready; `answer`: it is asked until it answers. */
  readonly readiness: 'line' | 'answer';
  /**
   * Opens a connection of its own and has the node itself answer: the kernel alone accepts
   * connections for a paused process, too. Undefined when no answer came in time.
   */
  ask(address: string, options: AskOptions): Promise<NodeAnswer | undefined>;
  /** What a line of a node's log complains about; undefined when it does not. */
  complaintOf(line: string): string | undefined;
}

/** A node's place in its cluster. */
export interface NodeSeat {
  /** From 1. */
  readonly node: number;
  /** Where each node listens, in their order. */
  readonly listens: readonly (readonly string[])[];
  /** Where this node dials a peer, if that is not where the peer listens. */
  dials(peer: number): string | undefined;
  readonly storage: ReturnType<NodeStorage['configOf']>;
  /** Takes the files that nodes read. */
  readonly directory: string;
  /** Secret of the cluster: not to be among the arguments, which are for everyone to see. */
  readonly token: string;
}

export interface NodeCommand {
  readonly command: string;
  readonly arguments: readonly string[];
}

export interface AskOptions {
  readonly token: string;
  readonly timeoutMs: number;
}

export interface NodeAnswer {
  /** The node's own word on who coordinates; 0 while it does not know. */
  readonly coordinator: number;
  /** Why it will never serve as it runs now, in words. */
  readonly trouble?: string;
}
