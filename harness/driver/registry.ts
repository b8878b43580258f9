import { HarnessError } from '../errors.ts';
import type { Driver } from './driver.ts';

/** One line per driver; a driver is loaded when it is asked for, with the client that it needs. */
const drivers: Readonly<Record<string, () => Promise<Driver>>> = {
  null: async () => (await import('./null/driver.ts')).nullDriver(),
  reference: async () => (await import('./reference/driver.ts')).referenceDriver(),
};

export const driverNames: readonly string[] = Object.keys(drivers);

export async function loadDriver(name: string): Promise<Driver> {
  const load = drivers[name];
  if (load === undefined) {
    throw new HarnessError('usage', `there is no driver "${name}"; there are: ${driverNames.join(', ')}`);
  }
  return load();
}
