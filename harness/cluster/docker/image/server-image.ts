import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type Docker from 'dockerode';
import { HarnessError } from '../../../errors.ts';
import type { ServerSource } from '../../node-program.ts';
import { saidBy, type Engine } from '../engine.ts';
import { imageLabel } from '../labels.ts';
import type { ArchiveEntry } from './archive.ts';
import { binaryWithLibraries } from './binary.ts';
import { build, keepFolder, pull } from './image.ts';
import { hasImage, imageId, requireLinux } from './local-image.ts';

interface ServerImage {
  readonly tag: string;
  /** "nats:2.12.1", "the local nats-server 2.12.1" */
  readonly madeFrom: string;
}

interface Recipe extends ServerImage {
  readonly context: readonly ArchiveEntry[];
}

/**
 * Sees to it that the engine has an image of a broker's own server, which is its entry point and its
 * first process: from the image that its makers offer, where the engine has it or a registry
 * answers, and otherwise from the program of this machine. It is named for what it is made from, and
 * no registry is asked again once it is there. Rejects with HarnessError `environment` in one
 * sentence.
 */
export async function provideServerImage(
  { docker }: Engine,
  source: ServerSource,
  onBuild: (what: string) => void,
): Promise<ServerImage> {
  const { name, official } = source;
  try {
    const offered = await officialRecipe(docker, source);
    if (offered && (await hasImage(docker, offered.tag))) return offered;
    const local = 'path' in source.file ? localRecipe(source, source.file.path) : source.file;
    if ('tag' in local && (await hasImage(docker, local.tag))) return local;
    onBuild(`making the image of ${name}`);
    const refused = official && (await pull(docker, official));
    const pulled = refused === undefined ? await officialRecipe(docker, source) : undefined;
    if (pulled) return await make(docker, pulled);
    if ('tag' in local) return await make(docker, local);
    const why = official ? `${official} cannot be had (${refused}), and ` : '';
    throw new HarnessError('environment', `there is no image of ${name}: ${why}${local.lacking}`);
  } catch (cause) {
    if (cause instanceof HarnessError) throw cause;
    const sentence = `the image of ${name} cannot be made: ${saidBy(cause)}`;
    throw new HarnessError('environment', sentence, { cause });
  }
}

/** Undefined while the engine does not have what its makers offer. */
async function officialRecipe(
  docker: Docker,
  { name, official }: ServerSource,
): Promise<Recipe | undefined> {
  const id = official && (await imageId(docker, official));
  if (!id) return undefined;
  const text = dockerfile(official, []);
  const tag = tagOf(name, createHash('sha256').update(`${text}${id}`), 'official');
  return { tag, madeFrom: official, context: [{ path: 'Dockerfile', text }, keepFolder] };
}

/** Or why there is none. */
function localRecipe(
  { name, version }: ServerSource,
  path: string,
): Recipe | { readonly lacking: string } {
  try {
    requireLinux();
    const text = dockerfile('scratch', [`ENTRYPOINT ["/${name}"]`]);
    const files = [...binaryWithLibraries(path, name)];
    const content = createHash('sha256').update(text);
    for (const [place, file] of files) content.update(`\n${place}\n`).update(readFileSync(file));
    return {
      tag: tagOf(name, content, 'local'),
      madeFrom: `the local ${name} ${version}`,
      context: [
        { path: 'Dockerfile', text },
        keepFolder,
        ...files.map(([place, file]) => ({ path: `image/${place}`, file })),
      ],
    };
  } catch (error) {
    if (error instanceof HarnessError) return { lacking: error.message };
    throw error;
  }
}

function dockerfile(from: string, more: readonly string[]): string {
  return [`FROM ${from}`, `LABEL ${imageLabel}=server`, 'COPY image /', ...more, ''].join('\n');
}

function tagOf(name: string, content: ReturnType<typeof createHash>, base: string): string {
  return `ackworth-${name}:${content.digest('hex').slice(0, 16)}-${base}`;
}

async function make(docker: Docker, { tag, madeFrom, context }: Recipe): Promise<ServerImage> {
  await build(docker, tag, context);
  return { tag, madeFrom };
}
