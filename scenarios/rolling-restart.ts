import { defineScenario } from '../harness/index.ts';

export const rollingRestart = defineScenario({
  name: 'rolling-restart',
  question:
    'Every node is restarted in turn, as in an upgrade: do clients notice more than latency?',
  phases: [
    { name: 'before', duration: '6s' },
    {
      name: 'rolling',
      duration: '30s',
      faults: [{ fault: 'restart', target: 'each-node', at: '0s' }],
    },
  ],
});
