import { defineScenario } from '../harness/index.ts';

export const pauseLeader = defineScenario({
  name: 'pause-leader',
  question:
    'The leader freezes past its election time-out and wakes up a zombie: does it ack or serve ' +
    'anything that is not so?',
  phases: [
    { name: 'before', duration: '6s' },
    {
      name: 'leader-paused',
      duration: '18s',
      faults: [{ fault: 'pause', target: 'leader', at: ['0s', '2s'], for: '6s' }],
    },
  ],
});
