import { describe, expect, test } from 'vitest';
import { storageForms, type StorageForm } from '../../node-storage.ts';
import { chooseStorage, type StorageWish, type Trial } from './choose.ts';

const able: Trial = async () => undefined;
const unable: Trial = async (form) => `mkfs.${form} is not on the PATH: install it`;
const onlyXfs: Trial = async (form) => (form === 'xfs' ? undefined : 'no ext4 in this kernel');

const withPower: readonly StorageForm[] = ['emulated', 'ext4', 'xfs'];

function wish(changes: Partial<StorageWish>): StorageWish {
  return { asked: 'auto', allowed: storageForms, directory: '/nowhere', ...changes };
}

describe('storage that is left open', () => {
  test('is plain where no fault needs more, and nothing is tried', async () => {
    const never: Trial = () => Promise.reject(new Error('was tried'));
    expect(await chooseStorage(wish({}), never)).toMatchObject({ form: 'plain' });
  });

  test('is real where the power is to be cut and the machine can', async () => {
    expect(await chooseStorage(wish({ allowed: withPower }), able)).toEqual({
      form: 'ext4',
      note: 'this machine can mount it',
    });
    const { form } = await chooseStorage(wish({ allowed: withPower }), onlyXfs);
    expect(form).toBe('xfs');
  });

  test('is emulated where the machine cannot, and says what is missing', async () => {
    const { form, note } = await chooseStorage(wish({ allowed: withPower }), unable);
    expect(form).toBe('emulated');
    expect(note).toContain('mkfs.ext4 is not on the PATH');
  });

  test('is never of a form that a fault cannot act on', async () => {
    expect((await chooseStorage(wish({ allowed: ['emulated'] }), able)).form).toBe('emulated');
    expect((await chooseStorage(wish({ allowed: ['xfs'] }), able)).form).toBe('xfs');
    await expect(chooseStorage(wish({ allowed: ['xfs'] }), unable)).rejects.toThrow(
      'no storage that the faults need can be had here: no xfs: mkfs.xfs is not on the PATH',
    );
  });
});

describe('storage that is asked for', () => {
  test('is what the run takes, also where less would do', async () => {
    for (const asked of storageForms)
      expect(await chooseStorage(wish({ asked }), able)).toEqual({
        form: asked,
        note: 'as asked for',
      });
  });

  test('is refused in one sentence where the machine cannot', async () => {
    await expect(chooseStorage(wish({ asked: 'xfs' }), unable)).rejects.toMatchObject({
      code: 'environment',
      message: 'storage xfs cannot be had here: mkfs.xfs is not on the PATH: install it',
    });
    expect((await chooseStorage(wish({ asked: 'emulated' }), unable)).form).toBe('emulated');
  });
});
