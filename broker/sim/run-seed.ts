import { simulate } from './simulate.ts';
import type { SimOptions, SimResult } from './simulate.ts';

/** `simulate`, which also blames the seed for promises that it leaves rejected and unheard. */
export async function runSeed(options: SimOptions): Promise<SimResult> {
  const unheard: unknown[] = [];
  const hear = (error: unknown): void => void unheard.push(error);
  process.on('unhandledRejection', hear);
  try {
    const result = await simulate(options);
    // Node looks for unheard rejections only once it has nothing else to do.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    if (unheard.length === 0 || result.violation !== undefined) return result;
    const [first] = unheard;
    const why = first instanceof Error ? (first.stack ?? first.message) : String(first);
    return { ...result, violation: `a promise was rejected and nobody heard: ${why}` };
  } finally {
    process.off('unhandledRejection', hear);
  }
}
