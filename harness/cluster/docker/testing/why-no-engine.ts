import { engineEndpoint } from '../endpoint.ts';
import { openEngine } from '../engine.ts';

/** Why tests cannot use an engine here, as a sentence; undefined when they can. */
export async function whyNoEngine(): Promise<string | undefined> {
  try {
    await openEngine(engineEndpoint());
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
