import { AssertionError } from 'node:assert';

/**
 * What must hold whatever clients send and disks do. Node's own `assert` gathers its arguments in
 * an array at each call, which a produced batch, with a dozen of them on its way, would pay for.
 */
export function assert(holds: boolean, message: string): asserts holds {
  if (!holds) throw new AssertionError({ message, stackStartFn: assert });
}
