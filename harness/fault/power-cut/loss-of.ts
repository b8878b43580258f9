import type { Forgotten } from '../../file-system/file-ends.ts';
import { count, counted } from '../../record/count.ts';

/** "604 un-synced bytes of its files (600 off their ends)" */
export function lossOf({ missing, changed }: Forgotten): string {
  const lost = counted(missing + changed, 'un-synced byte');
  return `${lost} of its files (${count(missing)} off their ends)`;
}
