import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { HarnessError } from '../../errors.ts';

/** How a Docker Engine is reached; plain data, so that the supervisor can be told of it. */
export interface EngineEndpoint {
  /** `unix:///var/run/docker.sock`, `tcp://10.0.0.7:2376`, `ssh://me@there` */
  readonly host: string;
  /** Of ca.pem, cert.pem and key.pem, for an engine that wants TLS. */
  readonly tlsDirectory?: string;
  /** What chose it, in words: "DOCKER_HOST", "docker context desktop". */
  readonly chosenBy: string;
}

const defaultHost = 'unix:///var/run/docker.sock';

/**
 * The engine that the `docker` command would talk to: DOCKER_HOST, else the context of
 * DOCKER_CONTEXT or of `~/.docker/config.json`, else the socket of this machine. Throws a
 * HarnessError `environment` when a context is named that is not there.
 */
export function engineEndpoint(
  env: Readonly<Record<string, string | undefined>> = process.env,
  home = homedir(),
): EngineEndpoint {
  const folder = env['DOCKER_CONFIG'] || join(home, '.docker');
  const host = env['DOCKER_HOST'];
  if (host) {
    const tls = isSet(env['DOCKER_TLS_VERIFY']) || isSet(env['DOCKER_TLS']);
    const tlsDirectory = env['DOCKER_CERT_PATH'] || folder;
    const full = host.includes('://') ? host : `tcp://${host}`;
    return { host: full, chosenBy: 'DOCKER_HOST', ...(tls ? { tlsDirectory } : {}) };
  }
  const context = env['DOCKER_CONTEXT'] || currentContext(folder);
  if (context !== undefined && context !== 'default') return ofContext(folder, context);
  // Docker Desktop and rootless installations put theirs in the home directory alone.
  const own = [`${home}/.docker/run/docker.sock`, `${env['XDG_RUNTIME_DIR'] ?? ''}/docker.sock`];
  const found = existsSync('/var/run/docker.sock')
    ? undefined
    : own.find((path) => existsSync(path));
  return { host: found === undefined ? defaultHost : `unix://${found}`, chosenBy: 'default' };
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0';
}

function currentContext(folder: string): string | undefined {
  const config = readJson(join(folder, 'config.json')) as { currentContext?: unknown } | undefined;
  return typeof config?.currentContext === 'string' && config.currentContext !== ''
    ? config.currentContext
    : undefined;
}

/** The layout of Docker's context store: folders are named for the SHA-256 of the context's name. */
function ofContext(folder: string, name: string): EngineEndpoint {
  const id = createHash('sha256').update(name).digest('hex');
  const meta = readJson(join(folder, 'contexts', 'meta', id, 'meta.json')) as
    { Endpoints?: { docker?: { Host?: unknown } } } | undefined;
  const host = meta?.Endpoints?.docker?.Host;
  if (typeof host !== 'string' || host === '') {
    throw new HarnessError(
      'environment',
      `there is no docker context "${name}" in ${folder}: choose one of \`docker context ls\``,
    );
  }
  const tlsDirectory = join(folder, 'contexts', 'tls', id, 'docker');
  const chosenBy = `docker context ${name}`;
  return { host, chosenBy, ...(existsSync(tlsDirectory) ? { tlsDirectory } : {}) };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
