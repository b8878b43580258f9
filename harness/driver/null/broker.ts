import type { Broker } from '../broker.ts';

export const nullBroker: Broker = {
  name: 'null',
  description: 'acks everything and keeps nothing: what the harness itself costs',
  driver: async () => (await import('./driver.ts')).nullDriver(),
  promises: [],
  storage: [],
  refuses: () => undefined,
};
