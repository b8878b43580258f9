/**
 * Planted defects: parts of the broker with something wrong around them, each the program of a
 * node. The harness must catch each as its own anomaly, which is how we know that it can fail.
 */
export interface PlantedDefect {
  readonly name: string;
  /** A named scenario. */
  readonly scenario: string;
  /** One of these must be among the forbidden anomalies. */
  readonly expected: readonly string[];
  /** Changes to the scenario that the defect needs to show. */
  readonly segmentSize?: string;
}

export const plantedDefects: readonly PlantedDefect[] = [
  { name: 'ack-before-append', scenario: 'leader-kill', expected: ['lost-tail', 'lost-middle'] },
  { name: 'forgotten-producers', scenario: 'leader-kill', expected: ['duplicate-broker'] },
  { name: 'boastful-candidate', scenario: 'leader-kill', expected: ['lost-tail', 'lost-middle'] },
  { name: 'commit-ahead', scenario: 'leader-kill', expected: ['lost-tail', 'lost-middle'] },
  { name: 'reordered-fetch', scenario: 'steady', expected: ['reordered'] },
  {
    name: 'dropped-at-roll',
    scenario: 'steady',
    expected: ['lost-middle'],
    segmentSize: '1MiB',
  },
];
