import { defineScenario } from '../harness/index.ts';

export const partition = defineScenario({
  name: 'partition',
  question:
    'The leader is cut off from the other nodes, with clients on both sides: does it ack anything ' +
    'that the others never had?',
  nodes: 3,
  workload: { rate: 3000, producers: 3, consumers: 3, placement: 'beside-nodes' },
  phases: [
    { name: 'before', duration: '6s' },
    {
      name: 'leader-cut-off',
      // What was sent into the cut is sent again by TCP only up to five seconds after its end.
      duration: '30s',
      faults: [{ fault: 'cut', target: 'leader', at: ['0s', '2s'], for: '8s' }],
    },
  ],
});
