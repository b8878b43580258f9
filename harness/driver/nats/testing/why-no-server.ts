import { checkBinary, findBinary } from '../binary.ts';

/** Why tests cannot start a nats-server here, as a sentence; undefined when they can. */
export async function whyNoServer(): Promise<string | undefined> {
  try {
    await checkBinary(findBinary(undefined));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether they must be able to: CI says so. */
export const isServerRequired = (process.env['ACKWORTH_REQUIRE'] ?? '')
  .split(/[\s,]+/)
  .includes('nats');
