import type { DriverCheck } from './checks/check.contract.ts';
import { clusterChecks } from './checks/cluster.contract.ts';
import { consumerChecks } from './checks/consumer.contract.ts';
import { producerChecks } from './checks/producer.contract.ts';
import { readingChecks } from './checks/reading.contract.ts';

/** All that every driver owes the harness. */
export const driverChecks: readonly DriverCheck[] = [
  ...producerChecks,
  ...readingChecks,
  ...consumerChecks,
  ...clusterChecks,
];
