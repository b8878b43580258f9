import { defineScenario } from '../harness/index.ts';

export const powerCut = defineScenario({
  name: 'power-cut',
  question:
    'The power of all nodes goes at one instant: is every acked message still there, or at most ' +
    'as much lost as the durability mode allows?',
  // With flush "async" a cut right after a sync costs nothing, and tells nothing: so syncs are rare.
  topic: { flushInterval: '2s' },
  workload: { rate: 2000 },
  phases: [
    { name: 'before', duration: '8s' },
    {
      name: 'power-cut',
      // Some brokers take twenty seconds to elect and as long to catch up; that has to hold for five.
      duration: '45s',
      faults: [{ fault: 'power-cut', target: 'all-nodes', at: ['0s', '1s'], for: '2s' }],
    },
  ],
});
