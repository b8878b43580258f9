import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { emulatedEnv } from '../env/emulated/env.ts';
import { BrokerError } from '../errors.ts';
import { holdDirectory } from './directory-lock.ts';
import type { NodeOptions, Report } from './node-options.ts';
import { startNode } from './server.ts';
import type { BrokerNode } from './server.ts';

/** What a node process is told: `NodeOptions` as JSON, and where its log goes. */
export type NodeProcessConfig = Omit<NodeOptions, 'env' | 'report' | 'onFatal' | 'wrap'> & {
  /** Appended to; standard error when left out. */
  readonly logFile?: string;
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** `emulated`: a disk whose power can be cut (`cutPower`) takes up `dataDirectory`. */
  readonly storage?: 'plain' | 'emulated';
};

/** The one line on standard output, once the node accepts connections. */
export interface ReadyLine {
  readonly ready: true;
  readonly nodeId: number;
  readonly client: string;
  readonly gateway?: string;
  readonly pid: number;
}

const usage =
  'usage: main.js (--config JSON | --config-file PATH | --config-env NAME) [--exit-with-parent]; ' +
  'the configuration holds nodeId, nodes, dataDirectory and token';

/**
 * Runs one node as this process: prints the ready line, stops cleanly on SIGTERM and SIGINT (exit
 * 0), and with `--exit-with-parent` when standard input ends, which is how a parent that died
 * takes its children along. What stops it from serving is one sentence on standard error, exit 1.
 */
export async function runNode(argv: readonly string[], wrap?: NodeOptions['wrap']): Promise<void> {
  let node: BrokerNode;
  try {
    const { config, exitWithParent } = parseArguments(argv);
    await holdDirectory(config.dataDirectory);
    const { report, flush } = await openReport(config);
    const end = (code: number): void => {
      flush();
      process.exit(code);
    };
    node = await startNode({
      ...config,
      ...(config.storage === 'emulated' ? { env: emulatedEnv(config.dataDirectory) } : {}),
      report,
      onFatal: (error) => {
        sayWhy(error);
        end(1);
      },
      ...(wrap === undefined ? {} : { wrap }),
    });
    stopOnRequest(node, exitWithParent, end);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    sayWhy(error);
    process.exitCode = 1;
    // Connections that are still being dialled would keep the process alive.
    process.exit();
  }
  const line: ReadyLine = {
    ready: true,
    nodeId: node.nodeId,
    client: node.clientAddress,
    ...(node.gatewayAddress === undefined ? {} : { gateway: node.gatewayAddress }),
    pid: process.pid,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function sayWhy(error: BrokerError): void {
  process.stderr.write(`${error.code}: ${error.message}\n`);
}

function parseArguments(argv: readonly string[]): {
  readonly config: NodeProcessConfig;
  readonly exitWithParent: boolean;
} {
  let text: string | undefined;
  let exitWithParent = false;
  for (let at = 0; at < argv.length; at++) {
    const name = argv[at];
    if (name === '--exit-with-parent') {
      exitWithParent = true;
    } else if (name !== undefined && name in configSources) {
      const value = argv[++at];
      if (value === undefined) throw new BrokerError('invalid-request', usage);
      text = configSources[name]!(value);
    } else {
      throw new BrokerError('invalid-request', `unknown argument "${name}"; ${usage}`);
    }
  }
  if (text === undefined) throw new BrokerError('invalid-request', usage);
  return { config: parseConfig(text), exitWithParent };
}

/** Arguments are for everyone on the machine to see, a file and the environment are not. */
const configSources: Readonly<Record<string, (value: string) => string>> = {
  '--config': (json) => json,
  '--config-file': readConfigFile,
  '--config-env': readConfigVariable,
};

function readConfigVariable(name: string): string {
  const text = process.env[name];
  if (text !== undefined) return text;
  throw new BrokerError('invalid-request', `the environment has no ${name} with a configuration`);
}

function readConfigFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new BrokerError('invalid-request', `cannot read the configuration ${path}`, { cause });
  }
}

function parseConfig(text: string): NodeProcessConfig {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw new BrokerError('invalid-request', 'the configuration is not JSON', { cause });
  }
  const given = (typeof config === 'object' && config !== null ? config : {}) as Partial<
    Record<keyof NodeProcessConfig, unknown>
  >;
  const wrong =
    (typeof given.nodeId !== 'number' && 'nodeId must be a number') ||
    (!Array.isArray(given.nodes) && 'nodes must be a list') ||
    (typeof given.dataDirectory !== 'string' && 'dataDirectory must be a string') ||
    (typeof given.token !== 'string' && 'token must be a string') ||
    (!['plain', 'emulated', undefined].includes(given.storage as string | undefined) &&
      'storage must be "plain" or "emulated"') ||
    (given.storage === 'emulated' &&
      existsSync(join(given.dataDirectory as string, 'format.json')) &&
      `${given.dataDirectory as string} holds plain storage; give an empty directory for emulated`);
  if (wrong) throw new BrokerError('invalid-request', `configuration: ${wrong}`);
  return config as NodeProcessConfig;
}

/**
 * Synchronous, so that what is said last is in the file when the process has gone. Its library is
 * loaded here: who only talks to nodes loads this file, too, and writes no log.
 */
async function openReport(
  config: NodeProcessConfig,
): Promise<{ report: Report; flush: () => void }> {
  const { pino } = await import('pino');
  const destination = pino.destination({ dest: config.logFile ?? 2, mkdir: true, sync: true });
  const logger = pino(
    { level: config.logLevel ?? 'info', base: { node: config.nodeId } },
    destination,
  );
  return {
    report: (level, message, fields) => logger[level](fields ?? {}, message),
    flush: () => destination.flushSync(),
  };
}

function stopOnRequest(
  node: BrokerNode,
  exitWithParent: boolean,
  end: (code: number) => void,
): void {
  const stop = (): void => {
    node.close().then(
      () => end(0),
      (error: unknown) => {
        process.stderr.write(`the node did not stop cleanly: ${String(error)}\n`);
        end(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  if (!exitWithParent) return;
  process.stdin.on('error', stop);
  process.stdin.on('end', stop);
  process.stdin.on('close', stop);
  process.stdin.resume();
}
