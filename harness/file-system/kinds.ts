/** The file systems that can be made in a file, mounted from it, and shut down. */
export type FileSystemKind = 'ext4' | 'xfs';

const mebibyte = 1024 ** 2;

/** Smaller ones cannot be made, or hold no data to speak of. */
export const fileSystemBytesMin: Readonly<Record<FileSystemKind, number>> = {
  ext4: 16 * mebibyte,
  xfs: 300 * mebibyte,
};
