import type { RecordedFault } from '../harness/record/record.ts';
import { millis } from './format.ts';

/** "812 ms", or "812 ms ±40 ms" where clocks compare only so closely. */
export function recoveryTime(
  rtoMs: number,
  { rtoBoundMs }: Pick<RecordedFault, 'rtoBoundMs'>,
): string {
  return rtoBoundMs === undefined ? millis(rtoMs) : `${millis(rtoMs)} ±${millis(rtoBoundMs)}`;
}
