import { InvalidArgumentError } from 'commander';

/** What an option that names a folder takes: nothing would be the working directory itself. */
export function folderName(text: string): string {
  if (text.trim() !== '') return text;
  throw new InvalidArgumentError('it must name a folder.');
}
