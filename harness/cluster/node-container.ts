/** What a container may use at most; null = all that there is. */
export interface ContainerLimits {
  readonly memoryBytes: number | null;
  /** 0.5 = half of one processor. */
  readonly cpus: number | null;
}

export const noLimits: ContainerLimits = { memoryBytes: null, cpus: null };

/** What an engine tells of one container, at one moment or of its end. */
export interface ContainerLook {
  /** As the engine has them now, or had them last. */
  readonly limits: ContainerLimits;
  /** Names of the networks that it is on; none once it has ended. */
  readonly networks: readonly string[];
  readonly counters: ContainerCounters;
  /** Null while it lives. */
  readonly ending: ContainerEnding | null;
}

/** Since it was started; all 0 once it has ended. */
export interface ContainerCounters {
  /** When they were read, by the engine's clock. */
  readonly atMs: number;
  readonly cpuSeconds: number;
  /** Periods in which it had used up what it may have of the processors, and was held back. */
  readonly throttledPeriods: number;
  /** In use now, with the page cache. */
  readonly memoryBytes: number;
  /** How often it asked for more memory than it may have; 0 where the kernel does not count. */
  readonly memoryRefusals: number;
}

export interface ContainerEnding {
  /** "exit code 0", "SIGKILL", "out of memory: limit 64 MiB" */
  readonly how: string;
  /** The kernel killed it since it may have no more memory, as its engine tells. */
  readonly outOfMemory: boolean;
}

/** As `ContainerLook`, with the networks of the run alone. */
export interface NodeLook extends Omit<ContainerLook, 'networks'> {
  readonly networks: readonly NodeNetwork[];
}

/** The networks of a run: over the one load comes, the other is between the nodes alone. */
export type NodeNetwork = 'client' | 'cluster';

/**
 * A node's container as its engine can change it while it runs. What is changed holds for the lives
 * to come as well, until it is changed back. Times are monotonic nanoseconds at which it was so.
 * Rejects with HarnessError.
 */
export interface NodeContainer {
  /** What it was given by the scenario. */
  readonly planned: ContainerLimits;
  /**
   * What is left out stays as it is. Resolves once the limits are in force, or the container has
   * been killed by them.
   */
  limit(change: Partial<ContainerLimits>): Promise<number>;
  /** Off the network between the nodes; clients reach it as before. Idempotent. */
  disconnect(): Promise<number>;
  /** Back on it, at the same address. Idempotent. */
  reconnect(): Promise<number>;
  look(): Promise<NodeLook>;
  /**
   * Whether a fresh connection over the network between the nodes is answered; undefined where this
   * machine is not on it.
   */
  answersPeers(): Promise<boolean | undefined>;
}
