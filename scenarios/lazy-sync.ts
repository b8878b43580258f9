import { defineScenario } from '../harness/index.ts';

export const lazySync = defineScenario({
  name: 'lazy-sync',
  question:
    'Nothing is synced but what the operating system, or a timer of minutes, writes back, and the ' +
    'power of all nodes goes: how many seconds of what was acked are lost?',
  topic: { flush: 'os' },
  // What is lost is a matter of time, whatever the rate.
  workload: { rate: 200 },
  phases: [
    // A kernel leaves what was written alone for thirty seconds and more: before that the topic
    // itself may be on no disk. A timer of two minutes has come round once at most.
    { name: 'before', duration: '75s' },
    {
      name: 'power-cut',
      // Some brokers take ten seconds to elect and as long to catch up; that has to hold for five.
      duration: '32s',
      faults: [{ fault: 'power-cut', target: 'all-nodes', at: ['0s', '1s'], for: '2s' }],
    },
  ],
});
