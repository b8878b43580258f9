import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { entryPoint } from '../../../entry-point.ts';
import { HarnessError } from '../../../errors.ts';
import { saidBy, type Engine } from '../engine.ts';
import { binaryWithLibraries } from './binary.ts';
import { build, contentOf, dockerfile, type BuiltImage } from './image.ts';
import { hasImage, importImage, localImage } from './local-image.ts';
import { programFiles } from './program-files.ts';

const gateEntry = 'harness/cluster/docker/links/gate.js';
const filter = 'usr/sbin/xtables';
/** Where the packet filter is to look for its extensions: XTABLES_LIBDIR says so. */
export const filterExtensions = '/usr/lib/xtables';
const filterNames = ['iptables-restore', 'iptables-save'];

/**
 * Sees to it that the engine has an image of gates: the local node and the local packet filter.
 * Rejects with HarnessError `environment` in one sentence.
 */
export async function provideGateImage(
  { docker }: Engine,
  onBuild: (what: string) => void,
): Promise<BuiltImage & { readonly main: string }> {
  const program = programFiles([entryPoint(gateEntry)]);
  const { version, pathOf, entries } = contentOf(program);
  const base = localImage('ackworth-gate-base', packetFilter(), filterNames.map(linkOf));
  const tag = `ackworth-gate:${version}-${base.identity}`;
  const main = pathOf(entryPoint(gateEntry));
  try {
    if (!(await hasImage(docker, tag))) {
      onBuild('making the image of the networks');
      await importImage(docker, base);
      await build(docker, tag, [{ path: 'Dockerfile', text: dockerfile(base.tag) }, ...entries]);
    }
    return { tag, pathOf, main };
  } catch (cause) {
    if (cause instanceof HarnessError) throw cause;
    const sentence = `the image of the networks cannot be made: ${saidBy(cause)}`;
    throw new HarnessError('environment', sentence, { cause });
  }
}

function linkOf(name: string): { readonly path: string; readonly linkTo: string } {
  return { path: `usr/sbin/${name}`, linkTo: `/${filter}` };
}

/** One binary under several names, and its extensions. */
function packetFilter(): ReadonlyMap<string, string> {
  const path = localFilter();
  if (path === undefined) {
    throw new HarnessError(
      'environment',
      'links are cut by a packet filter on Docker, and iptables is not on the PATH: install iptables',
    );
  }
  const files = new Map(binaryWithLibraries(path, filter));
  const libraries = [...files.keys()]
    .filter((name) => name !== filter)
    .map((library) => `/${dirname(library)}`);
  const places = [
    ...libraries,
    ...libraries.map((place) => `/usr${place}`),
    '/usr/lib',
    '/usr/lib64',
  ];
  const found = places.map((place) => join(place, 'xtables')).find((place) => existsSync(place));
  for (const name of found === undefined ? [] : readdirSync(found))
    files.set(join(filterExtensions, name).slice(1), realpathSync(join(found!, name)));
  return files;
}

/** Where the packet filter of this machine is. */
export function localFilter(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, filterNames[0]!)).find((path) => existsSync(path));
}
