import { defineScenario } from '../harness/index.ts';

/** `part-kill` with frozen nodes in place of cut links: they come back with what they held. */
export const pauseKill = defineScenario({
  name: 'pause-kill',
  question:
    'Two nodes freeze, then two others, and the power of the one that both share is cut: ' +
    'does every ack survive?',
  nodes: 5,
  topic: { replicas: 5 },
  workload: { rate: 2000, producers: 5, consumers: 5, placement: 'beside-nodes' },
  drain: '60s',
  phases: [
    { name: 'before', duration: '4s' },
    {
      name: 'paused',
      duration: '22s',
      faults: [
        { fault: 'pause', target: 'node-1+node-2', at: '0s', until: '10500ms' },
        { fault: 'power-cut', target: 'node-3', at: '10s', until: '11500ms' },
        { fault: 'pause', target: 'node-4+node-5', at: '11s' },
      ],
    },
    // An election, and five seconds of service, before a recovery is believed.
    { name: 'after', duration: '16s' },
  ],
});
