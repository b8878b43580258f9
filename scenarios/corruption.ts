import { defineScenario } from '../harness/index.ts';

export const corruption = defineScenario({
  name: 'corruption',
  question:
    'A disk rots: bits flip on one node, the end of a log is gone on another, later a file: is any ' +
    'of it ever handed out, and is nothing lost while other copies are whole?',
  // Small segments, so that each log has several by the time the disks rot.
  topic: { segmentSize: '512KiB' },
  workload: { rate: 1000 },
  phases: [
    { name: 'before', duration: '6s' },
    {
      name: 'rotting',
      duration: '30s',
      // One after the other, with time in between to catch up: never on two nodes at once.
      faults: [
        { fault: 'bit-flip', target: 'follower', at: ['0s', '500ms'], for: '4s' },
        {
          fault: 'torn-tail',
          target: 'follower',
          at: ['9s', '10s'],
          for: '3s',
          // More than one write: what was acked and synced is among it.
          with: { bytes: 65_536 },
        },
        { fault: 'missing-file', target: 'leader', at: ['17s', '18s'], for: '4s' },
      ],
    },
  ],
});
