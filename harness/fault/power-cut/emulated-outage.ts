import { stat } from 'node:fs/promises';
import type { EmulatedDisk } from '../../cluster/node-storage.ts';
import type { Proof, Victim } from '../fault.ts';
import { counted } from './counted.ts';
import type { Outage } from './outage.ts';

/** The tree that the broker wrote gives way to a new one, made of what its syncs had covered. */
export function emulatedOutage(
  { name, freeze }: Pick<Victim, 'name' | 'freeze'>,
  disk: EmulatedDisk,
  seed: number,
): Outage {
  let treeBefore: number | undefined;
  let treeAfter: number | undefined;
  let cut: Awaited<ReturnType<EmulatedDisk['cutPower']>> | undefined;

  const inodeOfTree = async (): Promise<number> => (await stat(disk.directory)).ino;
  const prove = (): Proof => {
    if (cut === undefined) return { result: 'mismatch', evidence: `${name} kept all that it had` };
    if (treeBefore === undefined || treeBefore === treeAfter) {
      return { result: 'mismatch', evidence: `${name} still has the files it had before` };
    }
    const reverted = `${counted(cut.filesReverted, 'file')} and ${counted(cut.namesReverted, 'name')} reverted`;
    return {
      result: 'confirmed',
      evidence: `${name} lost ${counted(cut.bytesDropped, 'un-synced byte')}, ${reverted} (emulated)`,
    };
  };
  return {
    async prepare() {
      treeBefore = await inodeOfTree();
    },
    cutOff: () => freeze(),
    async drop() {
      if (cut !== undefined) return;
      cut = await disk.cutPower(seed);
      treeAfter = await inodeOfTree();
    },
    restore: () => Promise.resolve(),
    proveOff: prove,
    proveBack: prove,
  };
}
