import type { ClusterKind } from '../cluster/kinds.ts';
import type { EnvironmentProbe, RunRecord } from '../record/record.ts';
import type { Scenario } from '../scenario/schema.ts';

/** What `runScenario` is asked to do. */
export interface RunOptions {
  /** Validated, with overrides applied. */
  readonly scenario: Scenario;
  readonly seed: number;
  /** A name of the driver registry. */
  readonly target: string;
  readonly cluster: ClusterKind;
  /** Where run folders go, usually `runs` in the working directory. */
  readonly outputDirectory: string;
  /** The run folder itself, for a run that is part of something: `latest` is left alone then. */
  readonly directory?: string;
  /** What this machine can do, where that is known; the run then measures nothing by itself. */
  readonly probe?: EnvironmentProbe;
  /** The program of a node, started as the broker's own is; default: that one. */
  readonly nodeMain?: string;
  /** The image of the nodes' containers, which takes what the reference broker's own does. */
  readonly nodeImage?: string;
  /** Keeps the nodes' data directories after the run. */
  readonly keepData: boolean;
  /** The command line that asks for this run again. */
  readonly command: string;
  /** Abort heals, tears down, and still judges and writes what there is. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

export interface RunResult {
  /** `runs/<run-id>` */
  readonly directory: string;
  readonly record: RunRecord;
}

/** What a watcher of a run is told while it goes on. The history is the record, not this. */
export type Progress =
  | { readonly type: 'stage'; readonly stage: Stage; readonly detail: string }
  | {
      readonly type: 'phase';
      readonly name: string;
      readonly startMs: number;
      readonly endMs: number;
    }
  | {
      /** Once a second while load runs or drains: totals, and rates over the last second. */
      readonly type: 'load';
      readonly atMs: number;
      readonly totalMs: number;
      readonly sent: number;
      readonly acked: number;
      readonly inFlight: number;
      readonly delivered: number;
      readonly sentPerSecond: number;
      readonly ackedPerSecond: number;
      readonly deliveredPerSecond: number;
      readonly responseP99Ms: number | null;
    }
  | {
      readonly type: 'fault';
      readonly kind: string;
      readonly victims: readonly string[];
      readonly step: 'requested' | 'effective' | 'probed' | 'healed' | 'heal-probed' | 'failed';
      readonly evidence: string;
    }
  | { readonly type: 'note'; readonly text: string };

export type Stage =
  | 'probing'
  | 'starting'
  | 'warming-up'
  | 'running'
  | 'healing'
  | 'draining'
  | 'reading'
  | 'stopping'
  | 'judging';
