import type { Injection } from './fault-timeline.ts';

/** Between which times of the workers something happened. */
export interface Span {
  readonly earliest: number;
  readonly latest: number;
}

type Effective = Pick<Injection, 'begunAt'> & { readonly effectiveAt: number };

/**
 * A fault takes effect at one instant of the workers' clock where that is the harness's, whose kernel
 * then says when. Of another kernel the harness hears later, and knows its clock only so closely: it
 * happened once the deed had begun, and no later than it was told.
 */
export function effectSpan({ begunAt, effectiveAt }: Effective, boundNanos: number): Span {
  if (boundNanos === 0) return { earliest: effectiveAt, latest: effectiveAt };
  return { earliest: begunAt - boundNanos, latest: effectiveAt + boundNanos };
}

/** The same of the healing; Infinity where it was not healed. */
export function healSpan(
  { healRequestedAt, healedAt }: Pick<Injection, 'healRequestedAt' | 'healedAt'>,
  boundNanos: number,
): Span {
  if (healedAt === null) return { earliest: Infinity, latest: Infinity };
  if (boundNanos === 0) return { earliest: healedAt, latest: healedAt };
  return { earliest: (healRequestedAt ?? healedAt) - boundNanos, latest: healedAt + boundNanos };
}
