import type { NodeState } from '../cluster/cluster.ts';
import type { ContainerSpec } from '../cluster/docker/container-spec.ts';
import type { NetworkSpec } from '../cluster/docker/create-network.ts';
import type { EngineEndpoint } from '../cluster/docker/endpoint.ts';
import type { ContainerLimits, ContainerLook } from '../cluster/node-container.ts';
import type { FileEnd } from '../file-system/file-ends.ts';
import type { LoopMount } from '../file-system/loop-mount.ts';
import type { ProcessIdentity } from './process-table.ts';

/**
 * What the harness and the supervisor say to each other: JSON lines over the supervisor's stdin and
 * stdout. Requests are answered once they took effect; those for one child in the order given.
 * Children are known by name, and a name may be used again after its process has ended.
 */
export type Ask =
  | {
      readonly type: 'spawn';
      readonly name: string;
      readonly command: string;
      readonly arguments: readonly string[];
      /** Takes what the child prints, after earlier lives of the same name. */
      readonly logFile: string;
    }
  /** A container on the run's engine, which has to be told first. */
  | {
      readonly type: 'contain';
      readonly name: string;
      readonly container: ContainerSpec;
      readonly logFile: string;
    }
  /** SIGTERM, and SIGKILL after the grace time. */
  | { readonly type: 'stop'; readonly name: string; readonly graceMs: number }
  | { readonly type: 'kill'; readonly name: string }
  | { readonly type: 'pause'; readonly name: string }
  | { readonly type: 'resume'; readonly name: string }
  | { readonly type: 'state'; readonly name: string }
  /** Of a container alone, as the rest: what is left out stays as it is. */
  | {
      readonly type: 'limit';
      readonly name: string;
      readonly change: Partial<ContainerLimits>;
    }
  /** Off or on a network of the engine. */
  | { readonly type: 'disconnect'; readonly name: string; readonly network: string }
  | {
      readonly type: 'connect';
      readonly name: string;
      readonly network: string;
      readonly address: string;
    }
  | { readonly type: 'look'; readonly name: string };

/** About the file systems of a run; each is unmounted when the supervisor ends. */
export type MountAsk =
  | ({ readonly type: 'mount' } & LoopMount)
  | { readonly type: 'unmount'; readonly directory: string }
  /** A shut-down is about to be asked for and is to take effect at once. */
  | { readonly type: 'arm'; readonly directory: string }
  /** Nothing un-synced reaches its image from here on. */
  | { readonly type: 'shut-down'; readonly directory: string };

/**
 * The power of a child goes: it is frozen, and the file system that its files are on is shut down
 * right after it, before a sync that is under way comes to its end. Answered with the time at which
 * it was seen to be frozen, and how its files ended.
 */
export interface CutAsk {
  readonly type: 'cut-power';
  readonly name: string;
  /** Where its file system is mounted; the shut-down is armed. */
  readonly directory: string;
  /** Whose ends are asked for; what is not there is left out. */
  readonly files: readonly string[];
}

/**
 * The engine that the run is about to use: when the supervisor ends, everything that carries the
 * label of the run there is removed, whoever made it.
 */
export interface EngineAsk {
  readonly type: 'engine';
  readonly endpoint: EngineEndpoint;
}

/** On the run's engine, which has to be told first. */
export type NetworkAsk = { readonly type: 'network' } & NetworkSpec;

export type Request = (Ask | MountAsk | CutAsk | EngineAsk | NetworkAsk) & { readonly id: number };

export type Reply =
  | {
      readonly type: 'answer';
      readonly id: number;
      /** Monotonic nanoseconds at which the effect was observed. */
      readonly atNanos: number;
      readonly state: NodeState;
      /** Of the child that the request was about, its last life. */
      readonly process: ProcessIdentity;
      /** Of what was started: a number that no other life of the run has. */
      readonly life?: number;
      /** Of a container: where its published ports are on this machine. */
      readonly ports: readonly number[];
      /** How it ended, "exit code 0" or "SIGKILL"; empty while it lives. */
      readonly ending: string;
      /** To `look`. */
      readonly container?: ContainerLook;
    }
  /** To all the others; the ends, in base64, to a `CutAsk`. */
  | {
      readonly type: 'done';
      readonly id: number;
      readonly atNanos: number;
      readonly ends?: readonly (Omit<FileEnd, 'end'> & { readonly end: string })[];
    }
  | { readonly type: 'refused'; readonly id: number; readonly message: string };

export type Notice =
  | {
      readonly type: 'exited';
      readonly name: string;
      readonly life: number;
      readonly process: ProcessIdentity;
      readonly code: number | null;
      readonly signal: string | null;
      readonly atNanos: number;
    }
  /** The first line that a child printed on stdout: it is ready. */
  | { readonly type: 'line'; readonly name: string; readonly life: number; readonly line: string };

/**
 * `supervisor.json` in the run folder: who is alive and what is mounted because of this run. Written
 * before a spawn is answered and before anything is mounted, so that `ackworth clean` finds what nobody was left to end.
 */
export interface SupervisorState {
  readonly run: string;
  /** Boot id of the kernel: pids and start times of another boot name nobody. */
  readonly clockDomain: string;
  readonly harness: ProcessIdentity;
  readonly supervisor: ProcessIdentity;
  readonly children: readonly (ProcessIdentity & { readonly name: string })[];
  /** What is mounted, or about to be. */
  readonly mounts: readonly LoopMount[];
  /** On which there may be containers and networks of the run; gone once there are none. */
  readonly engine?: EngineEndpoint;
}

/** The supervisor takes so long over its end, at most; whoever waits for it does the rest. */
export const endMsMax = 9_000;
/** With containers: an engine takes its time over many, and one that hangs is found out. */
export const endOnEngineMsMax = 30_000;
/** Of a supervisor that was not done by then. */
export const lateExitCode = 4;

export const stateFileName = 'supervisor.json';
