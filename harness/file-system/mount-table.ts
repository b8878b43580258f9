import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';

/** What the kernel says is mounted, and which of its loop devices hold which files. */
export interface Mounted {
  readonly directory: string;
  /** `/dev/loop3` */
  readonly device: string;
}

export interface LoopDevice {
  readonly device: string;
  readonly image: string;
}

/** Mounts at or below a directory, the innermost first. */
export function mountsBelow(directory: string): Mounted[] {
  const root = realOf(directory);
  return parseMounts(readText('/proc/self/mountinfo'))
    .filter((mounted) => isWithin(mounted.directory, root))
    .toReversed();
}

/** Loop devices whose image lies below a directory, or did before it was removed. */
export function loopsBelow(directory: string): LoopDevice[] {
  const root = realOf(directory);
  const block = '/sys/block';
  if (!existsSync(block)) return [];
  return readdirSync(block)
    .filter((name) => name.startsWith('loop'))
    .flatMap((name) => {
      const device = `/dev/${name}`;
      const image = imageOf(device)?.replace(/ \(deleted\)$/, '');
      return image !== undefined && isWithin(image, root) ? [{ device, image }] : [];
    });
}

/** The image that a loop device holds, `/dev/loop3` for instance; undefined when it holds none. */
export function imageOf(device: string): string | undefined {
  const image = readText(join('/sys/block', basename(device), 'loop', 'backing_file')).trim();
  return image === '' ? undefined : image;
}

/** The text of `/proc/self/mountinfo`, in the order in which things were mounted. */
export function parseMounts(text: string): Mounted[] {
  return text.split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const directory = left.split(' ')[4];
    const device = right.split(' ')[1];
    if (directory === undefined || device === undefined) return [];
    return [{ directory: unescaped(directory), device: unescaped(device) }];
  });
}

/** Processes that work in a directory or have files open below it: "bash (process 4711)". */
export function holdersOf(directory: string): string[] {
  const root = realOf(directory);
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .filter((pid) => placesOf(pid).some((place) => isWithin(place, root)))
    .map((pid) => `${readText(`/proc/${pid}/comm`).trim()} (process ${pid})`);
}

function placesOf(pid: string): string[] {
  const links = ['cwd', 'root', 'exe'].map((name) => `/proc/${pid}/${name}`);
  try {
    links.push(...readdirSync(`/proc/${pid}/fd`).map((fd) => `/proc/${pid}/fd/${fd}`));
  } catch {
    // It has ended, or is not ours to look into.
  }
  return links.flatMap((link) => {
    try {
      return [readlinkSync(link)];
    } catch {
      return [];
    }
  });
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory + sep);
}

function realOf(directory: string): string {
  try {
    return realpathSync(directory);
  } catch {
    // A file system that was shut down says nothing of its own root.
    const parent = dirname(directory);
    return parent === directory ? directory : join(realOf(parent), basename(directory));
  }
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** Empty where there is none: then nothing of that kind is there. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
