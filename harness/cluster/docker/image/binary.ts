import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HarnessError } from '../../../errors.ts';
import { saidBy } from '../engine.ts';

/** Of the C library: loaded by name, or needed by native modules, so that `ldd` does not tell of them. */
const besideCLibrary = ['nss_files.so.2', 'nss_dns.so.2', 'resolv.so.2', 'rt.so.1', 'util.so.1'];

/**
 * A binary of this machine with what it is linked with, by their paths in an image without the
 * leading slash. Throws a HarnessError `environment` where that cannot be found out.
 */
export function binaryWithLibraries(path: string, target: string): ReadonlyMap<string, string> {
  const binary = realpathSync(path);
  const files = new Map([[target, binary]]);
  for (const library of librariesOf(binary)) files.set(library.slice(1), realpathSync(library));
  return files;
}

function librariesOf(binary: string): string[] {
  let told: string;
  try {
    told = execFileSync('ldd', [binary], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (cause) {
    // Linked with nothing, as programs in Go mostly are.
    if (/not a dynamic executable/.test(String((cause as { stderr?: unknown }).stderr))) return [];
    const why = `ldd does not tell what ${binary} is linked with: ${saidBy(cause)}`;
    throw new HarnessError('environment', why, { cause });
  }
  const linked = [...told.matchAll(/(?:=>\s*)?(\/\S+)\s+\(0x/g)].map(([, path = '']) => path);
  const cLibrary = linked.find((path) => path.includes('/libc.so'));
  const beside = besideCLibrary.map((name) => join(dirname(cLibrary ?? '/'), `lib${name}`));
  return [...new Set([...linked, ...beside.filter((path) => existsSync(path))])];
}
