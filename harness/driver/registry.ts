import { HarnessError } from '../errors.ts';
import type { Broker } from './broker.ts';
import type { Driver } from './driver.ts';
import { natsBroker } from './nats/broker.ts';
import { nullBroker } from './null/broker.ts';
import { referenceBroker } from './reference/broker.ts';

/** One line per broker. */
export const brokers: readonly Broker[] = [nullBroker, referenceBroker, natsBroker];

export const driverNames: readonly string[] = brokers.map(({ name }) => name);

export function brokerOf(name: string): Broker {
  const broker = brokers.find((one) => one.name === name);
  if (broker !== undefined) return broker;
  const known = driverNames.join(', ');
  throw new HarnessError('usage', `there is no driver "${name}"; there are: ${known}`);
}

/** Loaded when it is asked for, with the client that it needs. */
export async function loadDriver(name: string): Promise<Driver> {
  return brokerOf(name).driver();
}
