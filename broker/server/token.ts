import { createHash, timingSafeEqual } from 'node:crypto';

/** A comparison that takes the same time whatever the other token is, its length included. */
export function tokenMatcher(token: string): (other: string) => boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(token);
  return (other) => timingSafeEqual(expected, digest(other));
}
