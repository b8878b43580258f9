import type { Overrides } from '../../harness/index.ts';

/**
 * Planted defects: parts of the broker with something wrong around them, each the program of a
 * node. The harness must catch each as its own anomaly, which is how we know that it can fail.
 */
export interface PlantedDefect {
  readonly name: string;
  /** A named scenario. */
  readonly scenario: string;
  /** Each of these must be among the forbidden anomalies. */
  readonly expected: readonly string[];
  /** What the command line could change as well; 14 s of 500 messages a second unless it says more. */
  readonly overrides?: Overrides;
  /** Changes to the scenario that the defect needs to show. */
  readonly segmentSize?: string;
  /** By kind of fault, what those of the scenario are told under `with`. */
  readonly faultOptions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const syncQuorum = { flush: 'sync', replication: 'quorum' } as const;

export const plantedDefects: readonly PlantedDefect[] = [
  {
    name: 'ack-before-append',
    scenario: 'leader-kill',
    expected: ['lost-tail', 'acked-elsewhere'],
  },
  { name: 'forgotten-producers', scenario: 'leader-kill', expected: ['duplicate-broker'] },
  {
    name: 'boastful-candidate',
    scenario: 'leader-kill',
    expected: ['lost-tail', 'vanished'],
  },
  { name: 'commit-ahead', scenario: 'leader-kill', expected: ['lost-tail', 'vanished'] },
  {
    name: 'reordered-fetch',
    scenario: 'steady',
    expected: ['reordered'],
    // Nothing breaks, so that there is nothing to wait for. One read is to find several batches.
    overrides: { duration: '6s', rate: 5000 },
  },
  {
    name: 'dropped-at-roll',
    scenario: 'steady',
    expected: ['lost-middle'],
    segmentSize: '1MiB',
    overrides: { duration: '6s', rate: 2000 },
  },
  {
    name: 'lying-sync',
    scenario: 'power-cut',
    expected: ['lost-tail'],
    // A log with a hole in it is refused, and so is the node: with one log each, most come back.
    overrides: { ...syncQuorum, partitions: 1 },
  },
  {
    name: 'ack-on-leader-write',
    scenario: 'partition',
    // The others go on from where it was cut off, so that two messages are acked at one position.
    expected: ['lost-middle', 'inconsistent-offset'],
    overrides: { ...syncQuorum, duration: '20s' },
  },
  {
    name: 'hasty-follower',
    scenario: 'power-cut',
    expected: ['lost-tail', 'vanished'],
    overrides: { ...syncQuorum, storage: 'emulated' },
    faultOptions: { 'power-cut': { back: 'leader-last' } },
  },
  { name: 'trusting-reader', scenario: 'leader-kill', expected: ['checksum'] },
  {
    name: 'gullible-reader',
    scenario: 'corruption',
    expected: ['checksum'],
    overrides: { ...syncQuorum, duration: '30s', rate: 1000 },
    faultOptions: { 'bit-flip': { in: 'older', bits: 8 } },
  },
];
