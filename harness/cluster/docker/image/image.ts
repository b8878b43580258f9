import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { relative } from 'node:path';
import type Docker from 'dockerode';
import { entryPoint } from '../../../entry-point.ts';
import { HarnessError } from '../../../errors.ts';
import { saidBy, type Engine } from '../engine.ts';
import { imageLabel } from '../labels.ts';
import { archiveOf, type ArchiveEntry } from './archive.ts';
import {
  finished,
  hasImage,
  imageId,
  importImage,
  localBase,
  type LocalImage,
} from './local-image.ts';
import { programFiles, type ProgramFiles } from './program-files.ts';

/** An image with programs of this installation. */
export interface BuiltImage {
  readonly tag: string;
  /** Where an entry file of this installation is in it. */
  pathOf(entry: string): string;
}

/** That of workers and proxies, and of nodes that are programs of this installation. */
export interface ProgramImage extends BuiltImage {
  /** "node:20.20.2-slim", "the local node v20.20.2" */
  readonly madeFrom: string;
}

/** What containers of ours are started from. */
export const workerEntry = 'harness/load/worker.js';
export const proxyEntry = 'harness/cluster/network/main.js';

/** A volume takes after the folder that it covers: into this one whoever it runs as may write. */
export const keepFolder: ArchiveEntry = { path: 'image/keep', folder: true, mode: 0o1777 };

const officialPullMsMax = 120_000;

/**
 * Sees to it that the engine has an image of the present programs: it is named for its content and
 * for what it stands on, so that another is never taken for it. `mains` are further entry files.
 * Rejects with HarnessError `environment` in one sentence.
 */
export async function provideImage(
  engine: Engine,
  mains: readonly string[],
  onBuild: (what: string) => void,
): Promise<ProgramImage> {
  const { docker } = engine;
  const programs = [...[workerEntry, proxyEntry].map(entryPoint), ...mains];
  const { version, pathOf, entries } = contentOf(programFiles(programs));
  const imageOn = ({ name, identity, madeFrom }: Base): ProgramImage => ({
    tag: `ackworth:${version}-${name}-${identity}`,
    madeFrom,
    pathOf,
  });
  try {
    for (const base of [await officialBase(docker), madeOfLocal()]) {
      const image = base && imageOn(base);
      if (image && (await hasImage(docker, image.tag))) return image;
    }
    onBuild('making the image of nodes and workers');
    const base = await provideBase(docker);
    const image = imageOn(base);
    const text = dockerfile(base.from);
    await build(docker, image.tag, [{ path: 'Dockerfile', text }, ...entries]);
    return image;
  } catch (cause) {
    if (cause instanceof HarnessError) throw cause;
    const sentence = `the image of nodes and workers cannot be made: ${saidBy(cause)}`;
    throw new HarnessError('environment', sentence, { cause });
  }
}

/** What goes into an image of these programs, and a name for just that. */
export function contentOf({ files, links, root }: ProgramFiles): {
  readonly version: string;
  readonly pathOf: (file: string) => string;
  readonly entries: readonly ArchiveEntry[];
} {
  const placeOf = (path: string): string => `/app/${relative(root, path)}`;
  const pathOf = (file: string): string => placeOf(realpathSync(file));
  const content = createHash('sha256').update(`${process.version}\n${dockerfile('')}`);
  for (const file of files) content.update(`\n${pathOf(file)}\n`).update(readFileSync(file));
  for (const [place, folder] of links)
    content.update(`\n${placeOf(place)} is ${placeOf(folder)}\n`);
  const version = content.digest('hex').slice(0, 16);
  const entries: ArchiveEntry[] = [
    keepFolder,
    ...files.map((file) => ({ path: `image${pathOf(file)}`, file })),
    ...[...links].map(([place, folder]) => ({
      path: `image${placeOf(place)}`,
      linkTo: placeOf(folder),
    })),
  ];
  return { version, pathOf, entries };
}

/** The very version that runs the harness. */
export function officialTag(): string {
  return `node:${process.version.slice(1)}-slim`;
}

/** What an image of ours stands on. */
interface Base {
  readonly name: 'official' | 'local';
  /** Another one has another, also under the same name. */
  readonly identity: string;
  readonly from: string;
  readonly madeFrom: string;
}

/** Of the version that runs the harness, so that a container differs from a process in nothing else. */
async function provideBase(docker: Docker): Promise<Base> {
  const official = officialTag();
  const refused = await pull(docker, official);
  const pulled = refused === undefined ? await officialBase(docker) : undefined;
  if (pulled !== undefined) return pulled;
  try {
    const local = localBase();
    await importImage(docker, local);
    return baseOf(local);
  } catch (cause) {
    const sentence = `there is no image to run nodes in: ${official} cannot be had (${refused}), and ${saidBy(cause)}`;
    throw new HarnessError('environment', sentence, { cause });
  }
}

/** Undefined while the engine does not have it. */
async function officialBase(docker: Docker): Promise<Base | undefined> {
  const from = officialTag();
  const id = await imageId(docker, from);
  if (id === undefined) return undefined;
  return { name: 'official', identity: shortId(id), from, madeFrom: from };
}

/** Undefined where none can be made. */
function madeOfLocal(): Base | undefined {
  try {
    return baseOf(localBase());
  } catch (error) {
    if (error instanceof HarnessError) return undefined;
    throw error;
  }
}

function baseOf({ tag, identity }: LocalImage): Base {
  return { name: 'local', identity, from: tag, madeFrom: `the local node ${process.version}` };
}

/** Of an image, as the docker command prints it: "sha256:0123456789ab..." is 0123456789ab. */
function shortId(id: string): string {
  return id.replace('sha256:', '').slice(0, 12);
}

/** Why it cannot be had; undefined when it is there. */
export async function pull(docker: Docker, tag: string): Promise<string | undefined> {
  if (await hasImage(docker, tag)) return undefined;
  const abort = new AbortController();
  const tooLong = setTimeout(() => abort.abort(), officialPullMsMax);
  try {
    await finished(docker, await docker.pull(tag, { abortSignal: abort.signal }));
    return undefined;
  } catch (error) {
    return abort.signal.aborted ? `no answer within ${officialPullMsMax} ms` : saidBy(error);
  } finally {
    clearTimeout(tooLong);
  }
}

export function dockerfile(from: string): string {
  return [
    `FROM ${from}`,
    `LABEL ${imageLabel}=program`,
    'COPY image /',
    'ENV NODE_ENV=production',
    'ENTRYPOINT ["node"]',
    '',
  ].join('\n');
}

export async function build(
  docker: Docker,
  tag: string,
  context: readonly ArchiveEntry[],
): Promise<void> {
  await finished(
    docker,
    await docker.buildImage(archiveOf(context) as never, { t: tag, rm: true, forcerm: true }),
  );
}
