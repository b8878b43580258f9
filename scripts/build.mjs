// Compiles into a folder of its own and renames it into place, so that a rebuild never pulls
// `dist/` from under a process that is starting from it. The build before last is removed.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const fresh = join(root, `.dist-new-${process.pid}`);
const previous = join(root, `.dist-old-${process.pid}`);

for (const name of readdirSync(root)) {
  if (name.startsWith('.dist-old-')) rmSync(join(root, name), { recursive: true, force: true });
}
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
try {
  execFileSync(
    process.execPath,
    [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', fresh],
    {
      stdio: 'inherit',
    },
  );
  if (existsSync(dist)) renameSync(dist, previous);
  renameSync(fresh, dist);
} catch (error) {
  rmSync(fresh, { recursive: true, force: true });
  if (error.status === undefined) throw error;
  process.exit(error.status ?? 1);
}
