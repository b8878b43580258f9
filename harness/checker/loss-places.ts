import { count, counted } from '../record/count.ts';
import type { LossPlace } from './book/survivors.ts';

/** Of one partition, and of more. */
const words: Readonly<Record<LossPlace, readonly [one: string, more: string]>> = {
  tail: ['the tail of', 'the tails of'],
  all: ['the whole log of', 'the whole logs of'],
  middle: ['in the middle of', 'in the middle of'],
  prefix: ['the prefix of', 'the prefixes of'],
  unplaced: ['at no known place of', 'at no known place of'],
};

/** Where lost messages lay in their partitions (`Survivors`). */
export class LossPlaces {
  readonly #places = new Map<LossPlace, { count: number; partitions: Set<number> }>();

  /** `partition` -1: the ack named none. */
  add({ place, partition }: { readonly place: LossPlace; readonly partition: number }): void {
    let found = this.#places.get(place);
    if (found === undefined) this.#places.set(place, (found = { count: 0, partitions: new Set() }));
    found.count++;
    found.partitions.add(partition);
  }

  /** "all of them the tails of 4 partitions", "3 the tail of 1 partition, 2 in the middle of 2 partitions" */
  inWords(): string {
    const places = (Object.keys(words) as LossPlace[]).flatMap((place) => {
      const found = this.#places.get(place);
      return found === undefined ? [] : [{ place, ...found }];
    });
    return places
      .map(({ place, count: messages, partitions }) => {
        const [one, more] = words[place];
        const where = partitions.has(-1)
          ? `${more} partitions that not every ack named`
          : `${partitions.size === 1 ? one : more} ${counted(partitions.size, 'partition')}`;
        if (places.length > 1) return `${count(messages)} ${where}`;
        return messages === 1 ? where : `all of them ${where}`;
      })
      .join(', ');
  }
}
