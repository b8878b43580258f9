import type { OwnFileSystem } from '../../cluster/node-storage.ts';
import type { Proof } from '../fault.ts';
import { Canaries, type CanaryFate } from './canaries.ts';
import { lossOf } from './loss-of.ts';
import {
  filesBelow,
  forgottenOf,
  type FileEnd,
  type Forgotten,
} from '../../file-system/file-ends.ts';
import type { Outage } from './outage.ts';

/**
 * The file system is shut down under the frozen node, so that neither its dirty pages nor its
 * journal reach the image any more; what comes back is what its own recovery makes of the image.
 */
export function ownOutage(name: string, disk: OwnFileSystem): Outage {
  const canaries = new Canaries(disk.mountPoint);
  let planted = false;
  let files: readonly string[] = [];
  let ends: readonly FileEnd[] = [];
  let isOff = false;
  let refusal: string | undefined;
  let found: (CanaryFate & Forgotten) | undefined;

  return {
    async prepare() {
      await canaries.plant();
      planted = true;
      await disk.armShutDown();
      // What is made from here on does not count.
      files = filesBelow(disk.directory);
    },
    async cutOff() {
      const frozen = await disk.freezeAndShutDown(files);
      ends = frozen.ends;
      isOff = true;
      return frozen.frozenAt;
    },
    async drop() {
      if (isOff) refusal ??= await canaries.refusal();
      await disk.unmount();
    },
    async restore() {
      await disk.mount();
      if (planted && isOff && found === undefined)
        found = { ...(await canaries.fate()), ...forgottenOf(ends) };
      await canaries.remove();
    },
    proveOff(): Proof {
      if (!isOff)
        return { result: 'mismatch', evidence: `${disk.form} of ${name} was not shut down` };
      return refusal === undefined
        ? {
            result: 'mismatch',
            evidence: `${disk.form} of ${name} took writes after it was shut down`,
          }
        : { result: 'confirmed', evidence: `${disk.form} of ${name} refused writes (${refusal})` };
    },
    proveBack(): Proof {
      if (found === undefined) {
        return { result: 'inconclusive', evidence: `what ${name} lost could not be seen` };
      }
      const { syncedIsThere, unsyncedIsThere } = found;
      const result = syncedIsThere && !unsyncedIsThere ? 'confirmed' : 'mismatch';
      const synced = syncedIsThere ? 'a synced file is there' : 'a synced file is gone';
      const unsynced = unsyncedIsThere
        ? 'an un-synced one is there too'
        : 'an un-synced one is not';
      return { result, evidence: `${name} lost ${lossOf(found)}, ${synced}, ${unsynced}` };
    },
  };
}
