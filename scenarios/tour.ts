import { defineScenario } from '../harness/index.ts';

export const tour = defineScenario({
  name: 'tour',
  question:
    'Steady load, then the leader is killed, then a consumer: what did each cost, and was ' +
    'anything lost?',
  workload: { rate: 4000 },
  phases: [
    { name: 'steady', duration: '12s' },
    {
      name: 'leader-killed',
      duration: '15s',
      faults: [{ fault: 'kill', target: 'leader', at: ['0s', '2s'], for: '5s' }],
    },
    {
      name: 'consumer-killed',
      duration: '14s',
      faults: [{ fault: 'kill', target: 'consumer', at: ['0s', '1s'], for: '5s' }],
    },
  ],
});
