import { expect, test } from 'vitest';
import { createNatsConsumer, type ConsumerParts } from './consumer.ts';

/** What a group's durable consumer of one stream says of itself, one after the other. */
async function notesOf(created: readonly (string | Error)[]): Promise<unknown[][]> {
  const answers = [...created];
  const notes: unknown[][] = [];
  const losses = answers.length - 1;
  const messages = {
    async *status() {
      for (let index = 0; index < losses; index++) yield { type: 'consumer_not_found' };
    },
    close: () => Promise.resolve(),
  };
  const add = () => {
    const answer = answers.shift()!;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ created: answer });
  };
  const parts = {
    nc: { closed: () => new Promise(() => undefined), flush: () => Promise.resolve() },
    jsm: { consumers: { add } },
    js: { consumers: { get: () => Promise.resolve({ consume: () => Promise.resolve(messages) }) } },
    topic: 'orders',
    partitions: 1,
  } as unknown as ConsumerParts;
  const ignore = (): void => undefined;
  const consumer = await createNatsConsumer(parts, {
    group: 'g',
    inFlightMax: 10,
    sessionTimeoutMs: 1000,
    onDelivery: ignore,
    onAssigned: ignore,
    onRevoked: ignore,
    onDiverged: ignore,
    onNote: (...note) => void notes.push(note),
    onFailed: ignore,
  });
  await new Promise(setImmediate);
  await consumer.close();
  return notes;
}

test('a durable consumer that was lost and made anew is what a pass has to say', async () => {
  expect(await notesOf(['10:00', '10:07'])).toEqual([
    ['consumer g of stream orders-0 was lost, and made anew at the start of the stream', 'ground'],
  ]);
});

test('one that was not found for a while, or is not there yet, is a note like any other', async () => {
  expect(await notesOf(['10:00', new Error('no quorum'), '10:00'])).toEqual([
    ['consumer g of stream orders-0 was not found: no quorum'],
    ['consumer g of stream orders-0 was not found, and is there'],
  ]);
});
