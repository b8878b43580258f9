import { defineScenario } from '../harness/index.ts';

export const leaderKill = defineScenario({
  name: 'leader-kill',
  question:
    'The leader dies without a word: is every acked message still there, and how long is the outage?',
  phases: [
    { name: 'before', duration: '8s' },
    {
      name: 'leader-killed',
      duration: '16s',
      faults: [{ fault: 'kill', target: 'leader', at: ['0s', '2s'], for: '5s' }],
    },
  ],
});
