import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type Docker from 'dockerode';
import { HarnessError } from '../../../errors.ts';
import { saidBy } from '../engine.ts';
import { imageLabel } from '../labels.ts';
import { archiveOf, type ArchiveEntry } from './archive.ts';

/** Of the C library: loaded by name, or needed by native modules, so that `ldd` does not tell of them. */
const besideCLibrary = ['nss_files.so.2', 'nss_dns.so.2', 'resolv.so.2', 'rt.so.1', 'util.so.1'];

/** The node binary that runs this, with the shared libraries that it is linked with. */
export interface LocalBase {
  readonly tag: string;
  readonly entries: readonly ArchiveEntry[];
}

/** Throws a HarnessError `environment` where no image can be made of the local binary. */
export function localBase(): LocalBase {
  if (process.platform !== 'linux') {
    const why = `the binary of this ${process.platform} machine does not run in a container`;
    throw new HarnessError('environment', why);
  }
  const node = realpathSync(process.execPath);
  const files = new Map([['usr/local/bin/node', node]]);
  for (const library of librariesOf(node)) files.set(library.slice(1), realpathSync(library));
  const identity = createHash('sha256').update(process.version);
  for (const [path, file] of files) {
    const { size, mtimeMs } = statSync(file);
    identity.update(`\n${path} ${size} ${mtimeMs}`);
  }
  const entries: ArchiveEntry[] = [
    { path: 'tmp', folder: true, mode: 0o1777 },
    { path: 'etc/passwd', text: 'root:x:0:0:root:/:\n' },
    { path: 'etc/group', text: 'root:x:0:\n' },
    { path: 'etc/nsswitch.conf', text: 'hosts: files dns\n' },
    ...[...files].map(([path, file]) => ({ path, file })),
  ];
  return { tag: `ackworth-base:${identity.digest('hex').slice(0, 16)}`, entries };
}

/** Makes the image, unless the engine has it. */
export async function importBase(docker: Docker, { tag, entries }: LocalBase): Promise<void> {
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
  try {
    await docker.getImage(tag).inspect();
    return true;
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return false;
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

function librariesOf(binary: string): string[] {
  let told: string;
  try {
    told = execFileSync('ldd', [binary], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (cause) {
    const why = `ldd does not tell what ${binary} is linked with: ${saidBy(cause)}`;
    throw new HarnessError('environment', why, { cause });
  }
  const linked = [...told.matchAll(/(?:=>\s*)?(\/\S+)\s+\(0x/g)].map(([, path = '']) => path);
  const cLibrary = linked.find((path) => path.includes('/libc.so'));
  const beside = besideCLibrary.map((name) => join(dirname(cLibrary ?? '/'), `lib${name}`));
  return [...new Set([...linked, ...beside.filter((path) => existsSync(path))])];
}
