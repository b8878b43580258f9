import type { PlannedFault } from '../scenario/plan-types.ts';

type Lasting = Pick<PlannedFault, 'id' | 'atMs' | 'healAtMs'>;

/**
 * A fault at an instant at which nothing is at stake, such as right after a flush, tries nothing. It
 * waits for a better one, at most so long from the first look on, where it may.
 */
export const stakeMsMax = 500;
/**
 * What begins or ends so soon after a fault, or after its healing, is to keep its place behind it, with
 * half a second to spare.
 */
export const orderMs = 2 * stakeMsMax;

/** Whether a fault may come that late: none of the others would lose its place behind it. */
export function mayWait({ id, atMs, healAtMs }: Lasting, planned: readonly Lasting[]): boolean {
  const mine = [atMs, healAtMs ?? atMs];
  return planned.every((other) => {
    const theirs = other.id === id ? [] : [other.atMs, other.healAtMs ?? other.atMs];
    return !theirs.some((edge) => mine.some((own) => edge > own && edge <= own + orderMs));
  });
}
