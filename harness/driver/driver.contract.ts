import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { driverChecks } from './checks.contract.ts';
import type { DriverCheck } from './checks/check.contract.ts';
import type { DriverFixture } from './fixture.contract.ts';

/**
 * What every driver owes the harness, run against a broker that `start` brings up. Call it from a
 * test file of the driver. A driver that fails here must not be set beside others.
 */
export function describeDriver(name: string, start: () => Promise<DriverFixture>): void {
  describe(`the ${name} driver keeps its contract:`, () => {
    let fixture: DriverFixture;
    beforeAll(async () => {
      fixture = await start();
    });
    afterAll(() => fixture.stop());

    driverChecks.forEach((check, index) => {
      test(check.title, async (context) => {
        const reason = check.skip(fixture);
        if (reason !== undefined) return context.skip(reason);
        expect(await findingsOf(check, fixture, `contract-${index}`)).toEqual([]);
      });
    });
  });
}

/** Runs one check on a topic of its own. */
export async function findingsOf(
  check: DriverCheck,
  fixture: DriverFixture,
  topic: string,
): Promise<string[]> {
  const session = await fixture.driver.connect(fixture.target(topic));
  try {
    await session.createTopic(fixture.topic);
    return await check.check(fixture, session);
  } finally {
    await session.close();
  }
}
