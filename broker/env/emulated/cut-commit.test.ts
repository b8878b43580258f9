import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { Random } from '../random.ts';
import { cutPower } from './cut-power.ts';
import { EmulatedDisk } from './disk.ts';

/** Draws the worst: nothing that was not synced survives. */
const sparesNothing: Random = { below: (bound) => bound - 1, unit: () => 1 - Number.EPSILON };

/** Calls of node:fs that still work before whoever makes them is as good as killed. */
let callsLeft = Infinity;

vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<Record<string, unknown>>();
  const entries = Object.entries(original).map(([name, value]) => {
    if (typeof value !== 'function') return [name, value];
    const call = value as (...parameters: unknown[]) => unknown;
    const counted = async (...parameters: unknown[]): Promise<unknown> => {
      if (callsLeft-- <= 0) throw new Error('killed');
      return await call(...parameters);
    };
    return [name, counted];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
});

async function fill(root: string): Promise<void> {
  const disk = new EmulatedDisk(root);
  await disk.makeDirectory('group');
  await disk.syncDirectory('');
  for (const name of ['group/a', 'group/b', 'group/c', 'group/d']) {
    const file = await disk.open(name, { create: true });
    await file.write(0, [Buffer.from(`synced ${name}`)]);
    await file.sync();
    await disk.syncDirectory('group');
    await file.write(file.size, [Buffer.from(' and not synced')]);
    await file.truncate(3);
    await file.close();
  }
  await disk.rename('group/a', 'group/b');
  await disk.remove('group/c');
  await disk.detach();
}

async function contentOf(root: string): Promise<Record<string, string>> {
  const disk = new EmulatedDisk(root);
  const names = await disk.list('group');
  await disk.detach();
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(root, 'live/group', name), 'utf8')]),
  );
}

test('a power cut that is killed at any moment and done again has happened once', async () => {
  const expected = {
    result: {
      bytesDropped: 60,
      filesReverted: 4,
      namesReverted: 3,
      lengths: { 'group/a': 14, 'group/b': 14, 'group/c': 14, 'group/d': 14 },
    },
    content: Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, `synced group/${name}`])),
  };
  let deaths = 0;
  for (let calls = Infinity, killed = true; killed; calls = calls === Infinity ? 0 : calls + 1) {
    const root = mkdtempSync(join(tmpdir(), 'ackworth-half-'));
    try {
      await fill(root);
      callsLeft = calls;
      const first = await cutPower({ root, random: sparesNothing }).catch(() => undefined);
      callsLeft = Infinity;
      killed = first === undefined || calls === Infinity;
      if (first === undefined) deaths++;
      const result = first ?? (await cutPower({ root, random: sparesNothing }));
      expect(existsSync(join(root, 'removed'))).toBe(false);
      const outcome = { result, content: await contentOf(root) };
      expect(outcome, `killed after ${calls} calls`).toEqual(expected);
      const again = await cutPower({ root, random: sparesNothing });
      expect(again).toMatchObject({ bytesDropped: 0, filesReverted: 0, namesReverted: 0 });
      expect(await contentOf(root)).toEqual(outcome.content);
    } finally {
      callsLeft = Infinity;
      rmSync(root, { recursive: true, force: true });
    }
  }
  expect(deaths).toBeGreaterThan(20);
});
