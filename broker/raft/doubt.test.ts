import { describe, expect, test } from 'vitest';
import { isSettled } from './doubt.ts';

const doubt = { term: 4, lacksUpTo: 20 };

describe('a doubt is settled', () => {
  test('by a later leader, once an entry of its own term is committed and held', () => {
    const leader = { term: 5, commitIndex: 12, commitTerm: 5, holds: 12 };
    expect(isSettled(doubt, leader)).toBe(true);
    expect(isSettled(doubt, { ...leader, holds: 11 })).toBe(false);
    expect(isSettled(doubt, { ...leader, commitTerm: 4 })).toBe(false);
    expect(isSettled(doubt, { ...leader, commitTerm: undefined })).toBe(false);
  });

  test('by the leader of that time, only where it has committed all that was once held', () => {
    const leader = { term: 4, commitIndex: 20, commitTerm: 4, holds: 20 };
    expect(isSettled(doubt, leader)).toBe(true);
    expect(isSettled(doubt, { ...leader, commitIndex: 19 })).toBe(false);
    expect(isSettled({ term: 4, lacksUpTo: Infinity }, leader)).toBe(false);
  });
});
