import { defineScenario } from '../harness/index.ts';

export const diskFull = defineScenario({
  name: 'disk-full',
  question:
    "The leader's disk is full under load: do writes go on through another leader, do reads go on, " +
    'and is every acked message still there?',
  // Small, so that it is soon full. No smaller xfs can be made.
  storage: { size: '320MiB' },
  workload: { rate: 2000 },
  phases: [
    { name: 'before', duration: '6s' },
    {
      name: 'disk-full',
      duration: '20s',
      faults: [{ fault: 'disk-full', target: 'leader', at: ['0s', '2s'], for: '8s' }],
    },
  ],
});
