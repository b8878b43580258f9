import { expect, test } from 'vitest';
import { LinkRules } from './link-rules.ts';

const ab = { from: 'a', to: 'b' };
const ba = { from: 'b', to: 'a' };

test('a link that no rule names is open', () => {
  const rules = new LinkRules();
  rules.add({ id: 'one', kind: 'cut', links: [ab] });
  expect(rules.stateOf(ba)).toEqual({ cut: false, delayMs: 0, jitterMs: 0 });
  expect(rules.stateOf(ab).cut).toBe(true);
});

test('a link stays cut until the last rule that cuts it is lifted', () => {
  const rules = new LinkRules();
  rules.add({ id: 'one', kind: 'cut', links: [ab] });
  rules.add({ id: 'two', kind: 'cut', links: [ab, ba] });
  expect(rules.remove('one')?.id).toBe('one');
  expect(rules.stateOf(ab).cut).toBe(true);
  rules.remove('two');
  expect(rules.stateOf(ab).cut).toBe(false);
  expect(rules.stateOf(ba).cut).toBe(false);
});

test('delays add up, and each takes away its own', () => {
  const rules = new LinkRules();
  rules.add({ id: 'one', kind: 'delay', delayMs: 100, jitterMs: 10, links: [ab] });
  rules.add({ id: 'two', kind: 'delay', delayMs: 50, jitterMs: 5, links: [ab] });
  rules.add({ id: 'three', kind: 'cut', links: [ab] });
  expect(rules.stateOf(ab)).toEqual({ cut: true, delayMs: 150, jitterMs: 15 });
  rules.remove('one');
  expect(rules.stateOf(ab)).toEqual({ cut: true, delayMs: 50, jitterMs: 5 });
});

test('a rule that is not in force is lifted by nobody, and one in force is not added twice', () => {
  const rules = new LinkRules();
  expect(rules.remove('one')).toBeUndefined();
  rules.add({ id: 'one', kind: 'cut', links: [ab] });
  expect(() => rules.add({ id: 'one', kind: 'cut', links: [ba] })).toThrow('"one" is in force');
});
