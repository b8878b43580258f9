import { defineScenario } from '../harness/index.ts';

export const consumerKill = defineScenario({
  name: 'consumer-kill',
  question: 'A consumer dies in mid-flow: does its group take over with nothing skipped?',
  phases: [
    { name: 'before', duration: '8s' },
    {
      name: 'consumer-killed',
      duration: '16s',
      faults: [{ fault: 'kill', target: 'consumer', at: ['0s', '2s'], for: '6s' }],
    },
  ],
});
