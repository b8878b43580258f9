import type { SimParts } from '../../../broker/sim/node.ts';
import type { PlannedFault, SimPlan } from '../../../broker/sim/plan.ts';
import {
  FailuresUnheard,
  NamesUnsynced,
  openWithUnsyncedInstalls,
  VotesTruncated,
} from './disks.ts';

/**
 * Defects that only a lost page cache shows, and mostly at one instant only: planted around the
 * disk of a simulated node, where the instant is found again with every seed.
 */
export interface SimulatedDefect {
  readonly name: string;
  /** A named schedule, below. */
  readonly schedule: keyof typeof schedules;
  /** What the violation must say, all of it. */
  readonly expected: readonly string[];
  readonly parts: SimParts;
}

const threeNodes: Partial<SimPlan> = {
  flush: 'sync',
  replication: 'quorum',
  voters: [1, 2, 3],
  quality: { delayMs: { from: 0.1, to: 1 }, lossProbability: 0, duplicateProbability: 0 },
};
const smallSegments: Partial<SimPlan> = { segmentBytes: 2_048, retentionBytes: 1 };

const each = (times: readonly number[], fault: Omit<PlannedFault, 'atMs'>): PlannedFault[] =>
  times.map((atMs) => ({ atMs, ...fault }));

const allDark = { kind: 'power-cut', target: 'all' } as const;
const times = (count: number, from: number, everyMs: number): number[] =>
  Array.from({ length: count }, (_, index) => from + index * everyMs);

export const schedules = {
  'power of all cut three times': {
    ...threeNodes,
    ...smallSegments,
    troubleMs: 1_500,
    faults: each([300, 700, 1_100], { ...allDark, durationMs: 100 }),
  },
  'a sync fails on each node, then the power': {
    ...threeNodes,
    troubleMs: 1_500,
    faults: each([300, 900], { kind: 'failed-sync-reboot', target: 'all', durationMs: 200 }),
  },
  'power of all cut again and again for a moment': {
    ...threeNodes,
    producers: 2,
    troubleMs: 4_000,
    faults: each(times(12, 150, 300), { ...allDark, durationMs: 5 }),
  },
  // Away for so long that what it lacks is in a snapshot only.
  'power cut of a follower that has just caught up': {
    ...threeNodes,
    ...smallSegments,
    producers: 3,
    batchesPerProducer: 400,
    troubleMs: 3_740,
    faults: times(3, 100, 1_180).flatMap((atMs): PlannedFault[] => [
      { atMs, kind: 'isolate', target: 3, durationMs: 1_000 },
      { atMs: atMs + 1_030, kind: 'power-cut', target: 3, durationMs: 60 },
    ]),
  },
} satisfies Record<string, Partial<SimPlan>>;

export const simulatedDefects: readonly SimulatedDefect[] = [
  {
    name: 'name-not-synced',
    schedule: 'power of all cut three times',
    expected: ['cannot start', 'is missing'],
    parts: { disk: (disk) => new NamesUnsynced(disk) },
  },
  {
    name: 'failed-sync-taken-as-success',
    schedule: 'a sync fails on each node, then the power',
    expected: ['cannot start', 'is damaged at byte'],
    parts: { disk: (disk) => new FailuresUnheard(disk) },
  },
  {
    name: 'truncated-vote',
    schedule: 'power of all cut again and again for a moment',
    expected: ['election safety'],
    parts: { disk: (disk) => new VotesTruncated(disk) },
  },
  {
    name: 'snapshot-installed-without-sync',
    schedule: 'power cut of a follower that has just caught up',
    expected: ['cannot start', 'the snapshot is missing'],
    parts: { openLog: openWithUnsyncedInstalls },
  },
];
