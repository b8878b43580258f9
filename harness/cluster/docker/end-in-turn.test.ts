import { setImmediate as later } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { endInTurn } from './end-in-turn.ts';

/** What began and ended, in order; the end of `stuck` fails. */
async function told(containers: readonly string[], stuck?: string): Promise<string[]> {
  const words: string[] = [];
  await endInTurn(containers, async (name) => {
    words.push(`${name}...`);
    await later();
    words.push(name);
    return name !== stuck;
  });
  return words;
}

test('containers are ended one after the other', async () => {
  expect(await told([])).toEqual([]);
  expect(await told(['a', 'b', 'c'])).toEqual(['a...', 'a', 'b...', 'b', 'c...', 'c']);
});

test('where one cannot be ended, those after it are ended at once', async () => {
  const words = ['a...', 'a', 'b...', 'b', 'c...', 'd...', 'c', 'd'];
  expect(await told(['a', 'b', 'c', 'd'], 'b')).toEqual(words);
});
