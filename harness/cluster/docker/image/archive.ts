import { createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack, type Pack } from 'tar-stream';

/** What an archive is to hold, at paths without a leading slash. */
export type ArchiveEntry =
  | { readonly path: string; readonly file: string }
  | {
      readonly path: string;
      readonly text: string;
      /** Everybody may read it, and root alone write, when left out. */
      readonly mode?: number;
      readonly uid?: number;
      readonly gid?: number;
    }
  | { readonly path: string; readonly folder: true; readonly mode?: number }
  | { readonly path: string; readonly linkTo: string };

const epoch = new Date(0);

/** A tar of these entries: the same bytes from the same files, whoever owns them and since when. */
export function archiveOf(entries: readonly ArchiveEntry[]): Readable {
  const archive = pack();
  void fill(archive, entries).catch((error: unknown) =>
    archive.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return archive;
}

async function fill(archive: Pack, entries: readonly ArchiveEntry[]): Promise<void> {
  for (const entry of entries) {
    const common = { name: entry.path, mtime: epoch, uid: 0, gid: 0 };
    if ('file' in entry) {
      const { size, mode } = statSync(entry.file);
      const executable = (mode & 0o111) !== 0;
      const sink = archive.entry({ ...common, size, mode: executable ? 0o755 : 0o644 });
      await pipeline(createReadStream(entry.file), sink);
    } else if ('text' in entry) {
      const { text, mode = 0o644, uid = 0, gid = 0 } = entry;
      archive.entry({ ...common, mode, uid, gid }, text);
    } else if ('linkTo' in entry) {
      archive.entry({ ...common, type: 'symlink', linkname: entry.linkTo });
    } else {
      archive.entry({ ...common, type: 'directory', mode: entry.mode ?? 0o755 });
    }
  }
  archive.finalize();
}
