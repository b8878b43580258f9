import { existsSync } from 'node:fs';
import { basename, extname, resolve } from 'node:path';
import { createJiti } from 'jiti';
import { HarnessError } from '../errors.ts';
import { didYouMean } from './nearest.ts';
import { parseScenario } from './parse.ts';
import { defineScenario, type Scenario, type ScenarioInput } from './schema.ts';
import type { Vocabulary } from './semantics.ts';

export interface LoadOptions {
  /** The scenarios that can be asked for by name. */
  readonly registry: readonly ScenarioInput[];
  readonly vocabulary: Vocabulary;
  /** Where relative paths start; default: the current directory. */
  readonly directory?: string;
}

const extensions = ['.ts', '.mts', '.js', '.mjs', '.cjs', '.json'];

/**
 * A scenario by its name in the registry, or from a file of one's own: anything with a slash or
 * one of the endings `.ts .js .mjs .json` is a file. The file exports it as default or as
 * `scenario`, and may `import { defineScenario } from 'ackworth'` wherever it lies. Throws a
 * HarnessError `scenario` (or `usage` for a name or file that does not exist) in one sentence.
 */
export async function loadScenario(nameOrFile: string, options: LoadOptions): Promise<Scenario> {
  if (isFile(nameOrFile)) return loadFile(nameOrFile, options);
  const found = options.registry.find(({ name }) => name === nameOrFile);
  if (found) return parseScenario(found, nameOrFile, options.vocabulary);
  const names = options.registry.map(({ name }) => name);
  const hint =
    didYouMean(nameOrFile, names) ||
    `; known are ${names.join(', ')}, or give a file such as ./my.scenario.ts`;
  throw new HarnessError('usage', `"${nameOrFile}" is not a known scenario${hint}`);
}

function isFile(nameOrFile: string): boolean {
  return /[/\\]/.test(nameOrFile) || extensions.includes(extname(nameOrFile));
}

async function loadFile(file: string, { directory, vocabulary }: LoadOptions): Promise<Scenario> {
  const path = resolve(directory ?? '.', file);
  const source = basename(path);
  if (!extensions.includes(extname(path))) {
    throw new HarnessError(
      'usage',
      `${file} cannot be a scenario: its name must end in ${extensions.join(', ')}`,
    );
  }
  if (!existsSync(path)) throw new HarnessError('usage', `${file} does not exist`);
  const jiti = createJiti(import.meta.url, {
    fsCache: false,
    moduleCache: false,
    interopDefault: false,
    virtualModules: { ackworth: { defineScenario } },
  });
  let module: unknown;
  const ended = (): void => {
    process.stderr.write(`ackworth: ${source}: ended the process while it was being loaded\n`);
    process.exitCode = 1;
  };
  process.once('exit', ended);
  try {
    module = await jiti.import(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new HarnessError('scenario', `${source}: could not be loaded: ${reason}`, {
      cause: error,
    });
  } finally {
    process.off('exit', ended);
  }
  const input = exportedScenario(module, extname(path) === '.json');
  if (input === undefined) {
    throw new HarnessError(
      'scenario',
      `${source}: exports no scenario: export it as default or as "scenario"`,
    );
  }
  if (input instanceof Promise) {
    throw new HarnessError(
      'scenario',
      `${source}: exports a promise of a scenario: await it in the file and export the scenario`,
    );
  }
  return parseScenario(input, source, vocabulary);
}

function exportedScenario(module: unknown, json: boolean): unknown {
  if (module === null || typeof module !== 'object') return undefined;
  const exported = module as Record<string, unknown>;
  if (json) return exported['default'] ?? exported;
  return exported['default'] ?? exported['scenario'] ?? (exported['phases'] ? exported : undefined);
}
