/**
 * Files as a part that is passed in. Paths are relative to the part's root and use `/`.
 *
 * Durability is what a POSIX disk gives and no more: bytes are durable after `DiskFile.sync`
 * resolves, a creation, rename or removal after `syncDirectory` of its parent resolves. The
 * simulated twin drops or tears everything else at a crash, so code that forgets a sync fails in
 * simulation. Errors reject with `DiskError`.
 */
export interface Disk {
  /** Opens for reading and writing; creates an empty file when `create` is set. */
  open(path: string, options?: { readonly create?: boolean }): Promise<DiskFile>;
  /** Names (not paths) in a directory, sorted; `[]` when the directory does not exist. */
  list(directory: string): Promise<string[]>;
  /** Creates the directory and its parents; no error when it exists. */
  makeDirectory(directory: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes one file; no error when it does not exist. */
  remove(path: string): Promise<void>;
  /** Removes a directory with everything below it; no error when it does not exist. */
  removeDirectory(directory: string): Promise<void>;
  syncDirectory(directory: string): Promise<void>;
}

export interface DiskFile {
  /** Current size in bytes, including writes that have been issued but not yet resolved. */
  readonly size: number;
  /**
   * Writes `chunks` back to back at `position` (`writev`). Several writes to one file may be in
   * flight; each lands whole or, at a crash, as any prefix of its bytes.
   * The caller must not change the chunks before the promise resolves.
   */
  write(position: number, chunks: readonly Uint8Array[]): Promise<void>;
  /** Reads up to `length` bytes at `position`; shorter only at the end of the file. */
  read(position: number, length: number): Promise<Buffer>;
  truncate(size: number): Promise<void>;
  /** `fdatasync`: covers every write that had resolved when it was called. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** `code` is the POSIX name: `ENOSPC`, `EIO`, `ENOENT`, ... */
export class DiskError extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DiskError';
    this.code = code;
  }
}
