import type { NodeStorage } from './node-storage.ts';

/** The nodes of one broker as programs: how each is started, asked, and heard complaining. */
export interface NodeProgram {
  /**
   * Looks whether it can be started as a process. Rejects with HarnessError `environment` in one
   * sentence.
   */
  check(): Promise<void>;
  /** How many addresses each node has; the first is for clients, the last for its peers. */
  readonly addressesPerNode: number;
  /** How a life of a node is started as a process. */
  command(seat: NodeSeat): NodeCommand;
  /** The same in a container. */
  readonly contained: ContainedProgram;
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
  /** Where this node listens, in the order of its addresses. */
  readonly listens: readonly string[];
  /** Where each node is reached, in their order. */
  readonly addresses: readonly (readonly string[])[];
  /** Where this node reaches a peer, if that is not the last of the peer's addresses. */
  dials(peer: number): string | undefined;
  readonly storage: ReturnType<NodeStorage['configOf']>;
  /** Where it finds the files that it is given. */
  readonly directory: string;
  /** Secret of the cluster: not to be among the arguments, which are for everyone to see. */
  readonly token: string;
}

/** A file that a node reads; nobody else may, since there are secrets in it. */
export interface NodeFile {
  /** Below the directory of its seat. */
  readonly name: string;
  readonly text: string;
}

export interface NodeCommand {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly files: readonly NodeFile[];
}

/** How nodes are run in containers: an ordinary user, a root file system that cannot be written. */
export interface ContainedProgram {
  /**
   * What they are, so that an image of it can be made. Rejects with HarnessError `environment` or
   * `usage` in one sentence.
   */
  source(): Promise<NodeSource>;
  /** How a life of a node is started in it; whatever is left out is not needed. */
  start(seat: NodeSeat, options: { readonly checked: boolean }): ContainedStart;
  /** What the entry point of an image of the user's own must be: "one that starts a node". */
  readonly entryPoint: string;
}

/** A program of this installation that Node runs, as its entry file, or a server of its own. */
export type NodeSource = { readonly main: string } | { readonly server: ServerSource };

/** Where an image of a server comes from; its entry point is the server. */
export interface ServerSource {
  /** "nats-server" */
  readonly name: string;
  /** "2.12.1" */
  readonly version: string;
  /** The image in which its makers offer this version; left out where it would be another server. */
  readonly official?: string;
  /** The file of this machine that does as well; or why there is none, as a sentence. */
  readonly file: { readonly path: string } | { readonly lacking: string };
}

export interface ContainedStart {
  /** For the entry point. */
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly files?: readonly NodeFile[];
  /** Run in it by the engine now and then, where it is to be `checked`: healthy if it ends with 0. */
  readonly healthCheck?: readonly string[];
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
