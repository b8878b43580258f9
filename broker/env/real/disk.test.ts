import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { diskContract } from '../disk.contract.ts';
import { RealDisk } from './disk.ts';

const roots: string[] = [];

afterAll(async () => {
  for (const root of roots) await rm(root, { recursive: true, force: true });
});

diskContract('real', async () => {
  const root = await mkdtemp(join(tmpdir(), 'ackworth-disk-'));
  roots.push(root);
  return { disk: new RealDisk(root), run: (work) => work };
});
