import { open, type FileHandle } from 'node:fs/promises';

/** Uses an open file, and has what was written to it on the disk before it is closed. */
export async function withFile<T>(
  path: string,
  flags: 'r' | 'r+',
  use: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await open(path, flags);
  try {
    const result = await use(file);
    if (flags !== 'r') await file.sync();
    return result;
  } finally {
    await file.close();
  }
}

/** As much of the range as there is. */
export async function readRange(
  file: FileHandle,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<Buffer> {
  const bytes = Buffer.alloc(Math.max(0, to - from));
  const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
  return bytes.subarray(0, bytesRead);
}
