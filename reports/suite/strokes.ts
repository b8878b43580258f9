import type { SuiteMode } from '../../harness/record/suite.ts';
import { strokes as plain, type Role } from '../charts/theme.ts';

export interface Stroke {
  readonly role: Role;
  readonly dash: readonly number[];
  readonly shape: string;
}

const flushes = { sync: 'first', async: 'second', os: 'third' } as const;
const replications = {
  quorum: { dash: [], shape: 'circle' },
  async: { dash: [7, 3], shape: 'square' },
  none: { dash: [2, 2], shape: 'triangle-up' },
} as const;
const shapes = ['circle', 'square', 'triangle-up', 'diamond', 'triangle-down'];

/** Colour tells the flush, dash and shape the replication; if that tells them apart. */
export function strokesOf(modes: readonly SuiteMode[]): Stroke[] {
  const telling = modes.map(({ flush, replication }) => ({
    role: flushes[flush],
    ...replications[replication],
  }));
  const apart = new Set(telling.map(({ role, shape }) => role + shape)).size === modes.length;
  if (apart) return telling;
  return modes.map((_, index) => ({
    ...plain[index % plain.length]!,
    shape: shapes[index % shapes.length]!,
  }));
}
