import { defineScenario } from '../harness/index.ts';

/**
 * A fixed schedule, after Jepsen's for NATS: a minority is cut off; the node that both majorities have in
 * common loses its power, and with it what it had not synced; then the majority side is cut off from it and the minority.
 * Whatever the first majority acked must be known to the second by that one node.
 */
export const partKill = defineScenario({
  name: 'part-kill',
  question:
    'Two partitions whose majorities share one node, whose power is cut in between: does what the ' +
    'first one acked survive into the second?',
  nodes: 5,
  topic: { replicas: 5 },
  workload: { rate: 2000, producers: 5, consumers: 5, placement: 'beside-nodes' },
  drain: '60s',
  phases: [
    { name: 'before', duration: '4s' },
    {
      name: 'parted',
      duration: '22s',
      faults: [
        { fault: 'cut', target: 'node-1+node-2', at: '0s', until: '10500ms' },
        { fault: 'power-cut', target: 'node-3', at: '10s', until: '11500ms' },
        { fault: 'cut', target: 'node-4+node-5', at: '11s' },
      ],
    },
    // An election, and five seconds of service, before a recovery is believed.
    { name: 'after', duration: '16s' },
  ],
});
