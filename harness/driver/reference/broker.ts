import { storageForms } from '../../cluster/node-storage.ts';
import type { Broker } from '../broker.ts';
import { referencePromises } from './promises.ts';

export const referenceBroker: Broker = {
  name: 'reference',
  description: 'the broker that ships with Ackworth',
  driver: async () => (await import('./driver.ts')).referenceDriver(),
  program: async ({ file }) => (await import('./program.ts')).referenceProgram(file),
  promises: referencePromises,
  storage: storageForms,
  refuses: () => undefined,
};
