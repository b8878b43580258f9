import { setImmediate as later, setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { endInTurn } from './end-in-turn.ts';

/** What began and ended, in order; the end of `stuck` fails, and that of `slow` takes its time. */
async function told(
  containers: readonly string[],
  { stuck, slow }: { readonly stuck?: string; readonly slow?: string } = {},
): Promise<string[]> {
  const words: string[] = [];
  const end = async (name: string): Promise<boolean> => {
    words.push(`${name}...`);
    await (name === slow ? sleep(60) : later());
    words.push(name);
    return name !== stuck;
  };
  await endInTurn(containers, end, 20);
  return words;
}

test('containers are ended one after the other', async () => {
  expect(await told([])).toEqual([]);
  expect(await told(['a', 'b', 'c'])).toEqual(['a...', 'a', 'b...', 'b', 'c...', 'c']);
});

test('where one cannot be ended, those after it are ended at once', async () => {
  const words = ['a...', 'a', 'b...', 'b', 'c...', 'd...', 'c', 'd'];
  expect(await told(['a', 'b', 'c', 'd'], { stuck: 'b' })).toEqual(words);
});

test('where the end of one takes too long, nobody waits for it but whoever asked for all', async () => {
  const words = ['a...', 'a', 'b...', 'c...', 'd...', 'c', 'd', 'b'];
  expect(await told(['a', 'b', 'c', 'd'], { slow: 'b' })).toEqual(words);
});
