import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { relative } from 'node:path';
import type Docker from 'dockerode';
import { entryPoint } from '../../../entry-point.ts';
import { HarnessError } from '../../../errors.ts';
import { saidBy, type Engine } from '../engine.ts';
import { imageLabel } from '../labels.ts';
import { archiveOf, type ArchiveEntry } from './archive.ts';
import { finished, hasImage, importImage, localBase } from './local-image.ts';
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
 * Sees to it that the engine has an image of the present programs: it is named for its content, so
 * that one of other content is never taken for it. `mains` are further entry files. Rejects with
 * HarnessError `environment` in one sentence.
 */
export async function provideImage(
  engine: Engine,
  mains: readonly string[],
  onBuild: (what: string) => void,
): Promise<ProgramImage> {
  const { docker } = engine;
  const programs = [...[workerEntry, proxyEntry].map(entryPoint), ...mains];
  const { version, pathOf, entries } = contentOf(programFiles(programs));
  try {
    for (const base of ['official', 'local'] as const) {
      const tag = `ackworth:${version}-${base}`;
      const madeFrom = madeFromOf(base);
      if (await hasImage(docker, tag)) return { tag, madeFrom, pathOf };
    }
    onBuild('making the image of nodes and workers');
    const { base, from } = await provideBase(docker);
    const tag = `ackworth:${version}-${base}`;
    await build(docker, tag, [{ path: 'Dockerfile', text: dockerfile(from) }, ...entries]);
    return { tag, madeFrom: madeFromOf(base), pathOf };
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

function madeFromOf(base: 'official' | 'local'): string {
  return base === 'official' ? officialTag() : `the local node ${process.version}`;
}

/** Of that version, so that a container differs from a process in nothing else. */
async function provideBase(docker: Docker): Promise<{ base: 'official' | 'local'; from: string }> {
  const official = officialTag();
  const refused = await pull(docker, official);
  if (refused === undefined) return { base: 'official', from: official };
  try {
    const local = localBase();
    await importImage(docker, local);
    return { base: 'local', from: local.tag };
  } catch (cause) {
    const sentence = `there is no image to run nodes in: ${official} cannot be had (${refused}), and ${saidBy(cause)}`;
    throw new HarnessError('environment', sentence, { cause });
  }
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
