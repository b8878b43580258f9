import type { PlannedFault } from '../scenario/plan-types.ts';

type Lasting = Pick<PlannedFault, 'id' | 'atMs' | 'healAtMs'>;

/** What begins or ends so soon after a fault, or after its healing, is to keep its place behind it. */
const orderMs = 1000;

/** Whether a fault may come half a second late: none of the others would lose its place behind it. */
export function mayWait({ id, atMs, healAtMs }: Lasting, planned: readonly Lasting[]): boolean {
  const mine = [atMs, healAtMs ?? atMs];
  return planned.every((other) => {
    const theirs = other.id === id ? [] : [other.atMs, other.healAtMs ?? other.atMs];
    return !theirs.some((edge) => mine.some((own) => edge > own && edge <= own + orderMs));
  });
}
