import { afterEach, expect, test, vi } from 'vitest';
import { maySignal, ownIdentity } from './process-table.ts';

afterEach(() => vi.restoreAllMocks());

test('a process that is somebody else’s, or gone, may not be signalled', () => {
  expect(maySignal(ownIdentity())).toBe(true);
  for (const code of ['EPERM', 'ESRCH']) {
    vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error(code), { code });
    });
    expect(maySignal(ownIdentity()), code).toBe(false);
  }
});
