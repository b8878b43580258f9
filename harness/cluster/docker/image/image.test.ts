import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { beforeEach, expect, test } from 'vitest';
import type { Engine } from '../engine.ts';
import { officialTag, provideImage } from './image.ts';

/** What an engine has: by name, the id of the image that is called so. */
let images: Map<string, string>;
/** What its registry has. */
let offered: Map<string, string>;
let asked: string[];
let built: string[];

beforeEach(() => {
  images = new Map();
  offered = new Map();
  asked = [];
  built = [];
});

const noSuch = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('no such image'), { statusCode: 404 }));

function take(name: string, archive: Readable): Promise<void> {
  archive.destroy();
  images.set(name, `sha256:of-${name}`);
  return Promise.resolve();
}

const engine = {
  docker: {
    getImage: (name: string) => ({
      inspect: () => (images.has(name) ? Promise.resolve({ Id: images.get(name) }) : noSuch()),
    }),
    pull: (name: string) => {
      asked.push(name);
      const id = offered.get(name);
      if (id === undefined) return noSuch();
      images.set(name, id);
      return Promise.resolve(undefined);
    },
    importImage: (archive: Readable, { repo, tag }: { repo: string; tag: string }) =>
      take(`${repo}:${tag}`, archive),
    buildImage: (context: Readable, { t }: { t: string }) => {
      built.push(t);
      return take(t, context);
    },
    modem: {
      followProgress: (_: unknown, done: (error: null, steps: []) => void) => done(null, []),
    },
  } as unknown as Docker,
} as Engine;

const provide = () => provideImage(engine, [], () => undefined);

test('an image on another base is another image, though the base has the same name', async () => {
  images.set(officialTag(), 'sha256:aaaaaaaaaaaaaaaa');
  const first = await provide();
  expect(await provide()).toMatchObject({ tag: first.tag, madeFrom: officialTag() });
  expect(built).toEqual([first.tag]);
  images.set(officialTag(), 'sha256:bbbbbbbbbbbbbbbb');
  const second = await provide();
  expect(second.tag).not.toBe(first.tag);
  expect(built).toEqual([first.tag, second.tag]);
});

test('an image on the local node is made where no registry answers, and none is asked again', async () => {
  const first = await provide();
  expect(first.madeFrom).toBe(`the local node ${process.version}`);
  expect(await provide()).toMatchObject({ tag: first.tag, madeFrom: first.madeFrom });
  expect(asked).toEqual([officialTag()]);
  expect(built).toEqual([first.tag]);
});

test('an image stands on what a registry has, and is named for that', async () => {
  offered.set(officialTag(), 'sha256:cccccccccccccccc');
  const { tag, madeFrom } = await provide();
  expect({ tag, madeFrom }).toEqual({
    tag: expect.stringMatching(/-official-cccccccccccc$/) as string,
    madeFrom: officialTag(),
  });
});
