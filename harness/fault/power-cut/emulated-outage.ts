import { existsSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { relative } from 'node:path';
import type { EmulatedDisk } from '../../cluster/node-storage.ts';
import { endsOf, filesBelow, forgottenOf, type FileEnd } from '../../file-system/file-ends.ts';
import { counted } from '../../record/count.ts';
import type { Proof, Victim } from '../fault.ts';
import { lossOf } from './loss-of.ts';
import type { Outage } from './outage.ts';

type Lengths = ReadonlyMap<string, number>;

/**
 * The tree that the broker wrote gives way to a new one, made of what its syncs had covered and of
 * what chance spared. How long each file then is on the disk is compared with how long it was to be
 * left: after the cut, and again before the node starts on it.
 */
export function emulatedOutage(
  { name, pause }: Pick<Victim, 'name' | 'pause'>,
  disk: EmulatedDisk,
  seed: number,
): Outage {
  let treeBefore: number | undefined;
  let treeAfter: number | undefined;
  let before: readonly FileEnd[] | undefined;
  let after: Lengths = new Map();
  let lost = '';
  let cut: Awaited<ReturnType<EmulatedDisk['cutPower']>> | undefined;

  const inodeOfTree = async (): Promise<number> => (await stat(disk.directory)).ino;
  // A node that never came to its files has none.
  const files = (): string[] => (existsSync(disk.directory) ? filesBelow(disk.directory) : []);
  const lengths = (): Lengths =>
    new Map(files().map((path) => [relative(disk.directory, path), statSync(path).size]));
  const look = (): void => {
    after = lengths();
    lost = lossOf(forgottenOf(before ?? []));
  };
  const prove = (): Proof => {
    if (cut === undefined || before === undefined) {
      return { result: 'mismatch', evidence: `${name} kept all that it had` };
    }
    if (treeBefore === undefined || treeBefore === treeAfter) {
      return { result: 'mismatch', evidence: `${name} still has the files it had before` };
    }
    const odd = oddLength(new Map(Object.entries(cut.lengths)), after);
    if (odd !== undefined) {
      return {
        result: 'mismatch',
        evidence: `${name} has other files than were to be left: ${odd}`,
      };
    }
    const reverted = `${counted(cut.filesReverted, 'file')} and ${counted(cut.namesReverted, 'name')} reverted`;
    const left = `${counted(after.size, 'file')} as long as was to be left`;
    return {
      result: 'confirmed',
      evidence: `${name} lost ${lost}, ${reverted}, ${left} (emulated)`,
    };
  };
  return {
    async prepare() {
      treeBefore = await inodeOfTree();
    },
    cutOff: () => pause(),
    async drop() {
      if (cut !== undefined) return;
      before ??= endsOf(files());
      cut = await disk.cutPower(seed);
      treeAfter = await inodeOfTree();
      look();
    },
    async restore() {
      look();
    },
    proveOff: prove,
    proveBack: prove,
  };
}

/** The first file that is not as long as it was to be, in words; undefined when all are. */
function oddLength(wanted: Lengths, found: Lengths): string | undefined {
  for (const path of [...new Set([...wanted.keys(), ...found.keys()])].sort()) {
    const [bytes, due] = [found.get(path), wanted.get(path)];
    if (bytes === due) continue;
    const has = bytes === undefined ? 'is not there' : `has ${counted(bytes, 'byte')}`;
    return `${path} ${has}, and ${due === undefined ? 'was to go' : `was to have ${counted(due, 'byte')}`}`;
  }
  return undefined;
}
