import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';

/** The files that programs consist of, by their absolute paths, sorted. */
export interface ProgramFiles {
  readonly files: readonly string[];
  /** Where packages are found that lie elsewhere, and where they lie: some installers link them. */
  readonly links: ReadonlyMap<string, string>;
  /** The innermost folder that holds them all: their places relative to it are to be kept. */
  readonly root: string;
}

const importing = /(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"\n]+)['"]/g;
const builtins = new Set(builtinModules);

/**
 * Follows the imports of compiled entry files, literal dynamic ones too, and takes every package
 * that is met whole, with what it depends on.
 */
export function programFiles(entries: readonly string[]): ProgramFiles {
  const modules = new Set<string>();
  const packages = new Set<string>();
  const links = new Map<string, string>();
  const manifests = new Set<string>();
  const open = entries.map((entry) => realpathSync(entry));
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (modules.has(file)) continue;
    modules.add(file);
    manifests.add(manifestOf(file));
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(importing)) {
      if (specifier.startsWith('.')) {
        const path = join(dirname(file), specifier);
        if (existsSync(path)) open.push(realpathSync(path));
      } else if (!specifier.startsWith('node:') && !builtins.has(specifier)) {
        takePackage(nameOf(specifier), dirname(file), packages, links);
      }
    }
  }
  // A package may lie within another one.
  const all = new Set([...modules, ...manifests, ...[...packages].flatMap(filesBelow)]);
  const files = [...all].toSorted();
  return { files, links, root: commonFolder([...files, ...links.keys()]) };
}

function takePackage(
  name: string,
  from: string,
  taken: Set<string>,
  links: Map<string, string>,
): void {
  const place = findPackage(name, from);
  if (place === undefined) return;
  const folder = realpathSync(place);
  if (folder !== place) links.set(place, folder);
  if (taken.has(folder)) return;
  taken.add(folder);
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as Partial<Record<'dependencies' | 'optionalDependencies', Record<string, string>>>;
  for (const needed of Object.keys({ ...dependencies, ...optionalDependencies }))
    takePackage(needed, folder, taken, links);
}

/** As Node looks for it: in the `node_modules` of each folder upwards. */
function findPackage(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

/** It says that the module is one of ECMAScript. */
function manifestOf(file: string): string {
  let folder = dirname(file);
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return join(folder, 'package.json');
}

function nameOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

function commonFolder(files: readonly string[]): string {
  let folder = dirname(files[0] ?? '/');
  while (files.some((file) => !file.startsWith(folder === '/' ? '/' : `${folder}/`)))
    folder = dirname(folder);
  return folder;
}
