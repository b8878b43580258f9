import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import type Docker from 'dockerode';
import { HarnessError } from '../../../errors.ts';
import { statusOf } from '../engine.ts';
import { imageLabel } from '../labels.ts';
import { binaryWithLibraries } from './binary.ts';
import { archiveOf, type ArchiveEntry } from './archive.ts';

/** An image that is imported as it is. */
export interface LocalImage {
  /** "ackworth-base:" and its identity. */
  readonly tag: string;
  /** Of all that it is made from. */
  readonly identity: string;
  readonly entries: readonly ArchiveEntry[];
}

/** Throws a HarnessError `environment` where no image can be made of the local binary. */
export function localBase(): LocalImage {
  return localImage('ackworth-base', new Map());
}

/** With further files, by their paths in the image, and further entries. */
export function localImage(
  repository: string,
  more: ReadonlyMap<string, string>,
  others: readonly ArchiveEntry[] = [],
): LocalImage {
  requireLinux();
  const files = new Map([...binaryWithLibraries(process.execPath, 'usr/local/bin/node'), ...more]);
  const hash = createHash('sha256').update(process.version);
  for (const [path, file] of files) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`\n${path} ${size} ${mtimeMs}`);
  }
  const entries: ArchiveEntry[] = [
    { path: 'tmp', folder: true, mode: 0o1777 },
    { path: 'etc/passwd', text: 'root:x:0:0:root:/:\n' },
    { path: 'etc/group', text: 'root:x:0:\n' },
    { path: 'etc/nsswitch.conf', text: 'hosts: files dns\n' },
    ...[...files].map(([path, file]) => ({ path, file })),
    ...others,
  ];
  const identity = hash.digest('hex').slice(0, 16);
  return { tag: `${repository}:${identity}`, identity, entries };
}

/** Throws a HarnessError `environment` where binaries of this machine do not run in containers. */
export function requireLinux(): void {
  if (process.platform === 'linux') return;
  const why = `the binary of this ${process.platform} machine does not run in a container`;
  throw new HarnessError('environment', why);
}

/** Makes the image, unless the engine has it. */
export async function importImage(docker: Docker, { tag, entries }: LocalImage): Promise<void> {
  if (await hasImage(docker, tag)) return;
  const [repo, version] = tag.split(':') as [string, string];
  const stream = await docker.importImage(archiveOf(entries) as never, {
    repo,
    tag: version,
    changes: `LABEL ${imageLabel}=base`,
  });
  await finished(docker, stream);
}

export async function hasImage(docker: Docker, tag: string): Promise<boolean> {
  return (await imageId(docker, tag)) !== undefined;
}

/** "sha256:...", whatever is called so at present; undefined when the engine has none. */
export async function imageId(docker: Docker, tag: string): Promise<string | undefined> {
  try {
    return (await docker.getImage(tag).inspect()).Id;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** The engine tells its progress, and its failures too, as a stream of JSON. */
export async function finished(docker: Docker, stream: NodeJS.ReadableStream): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(stream, (error, steps: { error?: string }[] | null) => {
      const failed = error ?? steps?.find((step) => step.error !== undefined)?.error;
      if (failed === undefined || failed === null) resolve();
      else reject(failed instanceof Error ? failed : new Error(failed));
    });
  });
}
