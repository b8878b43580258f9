import { defineScenario } from '../harness/index.ts';

export const syncError = defineScenario({
  name: 'sync-error',
  question:
    'A sync of the leader fails, and what it was to cover is gone: is anything acked that it held, ' +
    'and does another leader go on?',
  // One partition, so that the sync that fails is one of its leader.
  topic: { partitions: 1 },
  workload: { rate: 2000, consumers: 1 },
  phases: [
    { name: 'before', duration: '6s' },
    {
      name: 'sync-failed',
      duration: '20s',
      faults: [{ fault: 'sync-error', target: 'leader', at: ['0s', '2s'], for: '6s' }],
    },
  ],
});
