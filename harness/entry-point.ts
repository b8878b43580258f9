import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HarnessError } from './errors.ts';

/**
 * The compiled file that a child process starts from, `broker/server/main.js` for instance. Also
 * from the sources children run from `dist/`, so that a process under test is always the real one.
 */
export function entryPoint(path: string): string {
  const root = import.meta.url.endsWith('.ts') ? '../dist/' : '../';
  const file = fileURLToPath(new URL(root + path, import.meta.url));
  if (!existsSync(file)) {
    throw new HarnessError('environment', `${file} does not exist; build it with: npm run build`);
  }
  return file;
}
