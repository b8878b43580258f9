import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { diskContract } from '../disk.contract.ts';
import { EmulatedDisk } from './disk.ts';

const roots: string[] = [];
const disks: EmulatedDisk[] = [];

afterAll(async () => {
  for (const disk of disks) await disk.detach();
  for (const root of roots) await rm(root, { recursive: true, force: true });
});

diskContract('emulated', async () => {
  const root = await mkdtemp(join(tmpdir(), 'ackworth-emulated-'));
  roots.push(root);
  const disk = new EmulatedDisk(root);
  disks.push(disk);
  return { disk, run: (work) => work };
});
