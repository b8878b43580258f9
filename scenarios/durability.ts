import { defineScenario } from '../harness/index.ts';

export const durability = defineScenario({
  name: 'durability',
  question: 'What does each step of safety cost, and what is an ack worth when things break?',
  // One partition: whoever leads it is the leader that the faults mean.
  // With flush "async", something is always at stake in so long an interval.
  topic: { partitions: 1, flushInterval: '500ms' },
  workload: { rate: 2000, consumers: 1, inFlightMax: 4000 },
  phases: [
    { name: 'before', duration: '4s' },
    {
      name: 'leader-killed',
      duration: '12s',
      faults: [{ fault: 'kill', target: 'leader', at: '0s', for: '3s' }],
    },
  ],
  grid: {
    modes: [
      { flush: 'sync', replication: 'none', nodes: 1 },
      { flush: 'async', replication: 'none', nodes: 1 },
      { flush: 'os', replication: 'none', nodes: 1 },
      { flush: 'sync', replication: 'async' },
      { flush: 'async', replication: 'async' },
      { flush: 'sync', replication: 'quorum' },
      { flush: 'async', replication: 'quorum' },
      { flush: 'os', replication: 'quorum' },
    ],
    rates: [1000, 2000, 4000, 8000, 16_000],
    rateDuration: '5s',
    quick: {
      rates: [2000, 8000],
      rateDuration: '3s',
      faults: ['power-cut-all', 'kill-leader'],
    },
  },
});
