import { defineScenario } from '../harness/index.ts';

export const steady = defineScenario({
  name: 'steady',
  question: 'What does an ack cost while nothing breaks?',
  phases: [{ name: 'steady', duration: '20s' }],
});
