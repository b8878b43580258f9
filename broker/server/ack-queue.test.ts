import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AckQueue } from './ack-queue.ts';

test('waiters leave in index order, whatever order they came in, and none is lost', () => {
  const steps = fc.array(fc.record({ index: fc.nat(50), upTo: fc.option(fc.nat(60)) }));
  fc.assert(
    fc.property(steps, (script) => {
      const queue = new AckQueue<{ index: number; id: number }>();
      let waiting: { index: number; id: number }[] = [];
      script.forEach(({ index, upTo }, id) => {
        queue.push({ index, id });
        waiting.push({ index, id });
        if (upTo === null) return;
        const due = waiting.filter((waiter) => waiter.index <= upTo);
        due.sort((left, right) => left.index - right.index || left.id - right.id);
        waiting = waiting.filter((waiter) => waiter.index > upTo);
        const left: typeof due = [];
        for (let one = queue.takeUpTo(upTo); one; one = queue.takeUpTo(upTo)) left.push(one);
        expect(left).toEqual(due);
        expect(queue.length).toBe(waiting.length);
      });
    }),
  );
});

test('a long queue is let go of in step with what is taken', () => {
  const queue = new AckQueue<{ index: number }>();
  for (let index = 0; index < 5000; index++) queue.push({ index });
  for (let index = 0; index < 5000; index++) expect(queue.take()).toEqual({ index });
  expect(queue.take()).toBeUndefined();
});
