import type { FileChange, TrackedFile } from './tracked-file.ts';

/**
 * How many bytes long a file is after a power cut, told from its changes alone, so that whoever
 * looks at the file can tell whether it was rebuilt. `liveBytes`: how long it was before.
 */
export function lengthAfter({ changes, survivors }: TrackedFile, liveBytes: number): number {
  /** Of a write as much as the process lived to finish. */
  const written = new Map<FileChange, number>();
  let bytes = liveBytes;
  for (const { change } of [...changes].reverse()) {
    if (change.kind === 'write') {
      written.set(change, Math.max(0, Math.min(change.length, bytes - change.position)));
    }
    bytes = change.sizeBefore;
  }
  for (const { change, bytes: spared } of survivors) {
    if (change.kind === 'truncate') bytes = change.size;
    else {
      const kept = Math.min(spared, written.get(change)!);
      if (kept > 0) bytes = Math.max(bytes, change.position + kept);
    }
  }
  return bytes;
}
