import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Of the package; works from the sources and from `dist/`. */
export const version = readVersion();

function readVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const found = require(path) as { name?: string; version?: string };
      if (found.name === 'ackworth' && found.version !== undefined) return found.version;
    } catch {
      continue;
    }
  }
  return '0.0.0';
}
