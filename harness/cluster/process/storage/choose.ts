import { HarnessError } from '../../../errors.ts';
import type { FileSystemKind } from '../../../file-system/kinds.ts';
import { whatIsMissing } from '../../../file-system/trial.ts';
import type { StorageForm } from '../../node-storage.ts';

export interface StorageChoice {
  readonly form: StorageForm;
  /** Why this one, in words. */
  readonly note: string;
}

export interface StorageWish {
  readonly asked: StorageForm | 'auto';
  /** The forms that every fault of the run can act on. */
  readonly allowed: readonly StorageForm[];
  /** Where the nodes' data will be. */
  readonly directory: string;
}

/** As `whatIsMissing`; a test brings its own. */
export type Trial = typeof whatIsMissing;

/**
 * Which form a run takes. Left open (`auto`), it is plain folders where nothing needs more, else a
 * real file system if this machine can, else the emulation. Rejects with HarnessError `environment`
 * in one sentence when the machine cannot do what is asked.
 */
export async function chooseStorage(
  { asked, allowed, directory }: StorageWish,
  trial: Trial = whatIsMissing,
): Promise<StorageChoice> {
  if (asked !== 'auto') {
    const lacking = isReal(asked) ? await trial(asked, directory) : undefined;
    if (lacking === undefined) return { form: asked, note: 'as asked for' };
    throw new HarnessError('environment', `storage ${asked} cannot be had here: ${lacking}`);
  }
  if (allowed.includes('plain')) return { form: 'plain', note: 'no fault needs more' };
  const reasons: string[] = [];
  for (const form of (['ext4', 'xfs'] as const).filter((one) => allowed.includes(one))) {
    const lacking = await trial(form, directory);
    if (lacking === undefined) return { form, note: 'this machine can mount it' };
    reasons.push(`no ${form}: ${lacking}`);
  }
  const why = reasons.join('; ');
  if (allowed.includes('emulated')) {
    return { form: 'emulated', note: why || 'the only form that its faults can act on' };
  }
  throw new HarnessError('environment', `no storage that the faults need can be had here: ${why}`);
}

function isReal(form: StorageForm): form is FileSystemKind {
  return form === 'ext4' || form === 'xfs';
}
