import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { join } from 'node:path';
import Docker, { type DockerOptions } from 'dockerode';
import { HarnessError } from '../../errors.ts';
import { limitAnswers, SilentEngine } from './answer-limit.ts';
import type { EngineEndpoint } from './endpoint.ts';
import {
  isOfThisMachine,
  isReachable,
  machineInWords,
  untold,
  type EngineMachine,
} from './engine-machine.ts';

export interface Engine {
  readonly docker: Docker;
  readonly endpoint: EngineEndpoint;
  /** "20.10.24" */
  readonly version: string;
  /**
   * Its containers see the folders of this machine, and it runs on this machine's kernel, as far as it
   * can be told; false when in doubt.
   */
  readonly local: boolean;
  /** Ports that it publishes on its loopback may be dialled on that of this machine. */
  readonly reachable: boolean;
  /** What it runs on, in words: "colima, Linux 6.8.0, 4 CPUs". */
  readonly machine: string;
}

/** Of Docker 20.10: the oldest with what is used here. */
const apiVersionMin = '1.41';
/** An address where nobody lives keeps a kernel waiting for minutes, and a hung engine for good. */
const answerMsMaxUnsaid = 10_000;

/**
 * No check that it is there; for who knows, and for who tears down. Requests reject with a
 * SilentEngine when it answers nothing for `answerMsMax`.
 */
export function dockerAt(endpoint: EngineEndpoint, answerMsMax = answerMsMaxUnsaid): Docker {
  const docker = clientAt(endpoint);
  limitAnswers(docker, endpoint.host, answerMsMax);
  return docker;
}

function clientAt(endpoint: EngineEndpoint): Docker {
  const { host, tlsDirectory } = endpoint;
  // All of them, since what is left out is taken from the environment.
  const nothing = { host: undefined, port: undefined, protocol: undefined, socketPath: undefined };
  const local = /^(?:unix|npipe):\/\/(.*)$/.exec(host);
  if (local) {
    const socketPath = local[1] || '/var/run/docker.sock';
    return clientOf({ ...nothing, socketPath }, new HttpAgent());
  }
  const { protocol, hostname, port, username } = urlOf(endpoint);
  if (protocol === 'ssh:') {
    return new Docker({ ...nothing, protocol: 'ssh', host: hostname, port: port || 22, username });
  }
  const pem = (name: string): Buffer => readPem(join(tlsDirectory ?? '', `${name}.pem`));
  const tls =
    tlsDirectory === undefined ? {} : { ca: pem('ca'), cert: pem('cert'), key: pem('key') };
  const secure = tlsDirectory !== undefined || protocol === 'https:';
  const options: DockerOptions = {
    ...nothing,
    protocol: secure ? 'https' : 'http',
    host: hostname,
    port: port || (secure ? 2376 : 2375),
    ...tls,
  };
  return clientOf(options, secure ? new HttpsAgent() : new HttpAgent());
}

/** Connections are not kept: those to an engine that was restarted would fail when they are used again. */
function clientOf(options: DockerOptions, agent: HttpAgent): Docker {
  // Its types do not know of the agent.
  const complete: DockerOptions & { agent: HttpAgent } = { ...options, agent };
  return new Docker(complete);
}

/** Asks the engine who it is. Rejects with HarnessError `environment` in one sentence. */
export async function openEngine(
  endpoint: EngineEndpoint,
  answerMsMax = answerMsMaxUnsaid,
): Promise<Engine> {
  const docker: { info(): Promise<EngineMachine> } & Docker = dockerAt(endpoint, answerMsMax);
  let told: Pick<Docker.DockerVersion, 'Version' | 'ApiVersion' | 'Os'>;
  let machine: EngineMachine;
  try {
    told = await docker.version();
    machine = await docker.info().catch((error: unknown) => {
      // It answers, and whoever stands before it does not let everything through.
      if (statusOf(error) !== undefined) return untold;
      throw error;
    });
  } catch (cause) {
    if (cause instanceof SilentEngine && cause.answersOthers) throw cause;
    const silent = cause instanceof SilentEngine ? `no answer within ${answerMsMax} ms` : undefined;
    throw new HarnessError('environment', unreachable(endpoint, cause, silent), { cause });
  }
  const { Version: version, ApiVersion: api, Os: os } = told;
  if (isOlder(api, apiVersionMin)) {
    throw new HarnessError(
      'environment',
      `Docker Engine ${version} (API ${api}) is too old: API ${apiVersionMin} is needed, which Docker 20.10 and later have`,
    );
  }
  if (os !== 'linux') {
    const sentence = `Docker Engine ${version} runs ${os} containers: switch it to Linux containers`;
    throw new HarnessError('environment', sentence);
  }
  return {
    docker,
    endpoint,
    version,
    local: isOfThisMachine(endpoint, machine),
    reachable: isReachable(endpoint, machine),
    machine: machineInWords(machine),
  };
}

/** Why an engine of this version may hang for good, and what to do; undefined where none is known. */
export function knownToHang(version: string): string | undefined {
  const [, patch] = /^20\.10\.(\d+)/.exec(version) ?? [];
  return patch !== undefined && Number(patch) < 27
    ? `Engine ${version} may lock itself up where one container leaves a network while another joins ` +
        'or leaves it (moby/moby#42545, mended in 23.0): restart it when it hangs'
    : undefined;
}

/** One sentence for what an engine said to a request. */
export function saidBy(error: unknown): string {
  const told = error as { json?: { message?: unknown }; message?: unknown };
  // Its client puts something before what a stream was refused with.
  const message = String(told.json?.message ?? told.message ?? error)
    .replace(/^\(HTTP code \d+\) .*? - /, '')
    .trim();
  const sentence = message.replaceAll(/\s*\n\s*/g, '; ');
  if (!/no space left on device/i.test(sentence)) return sentence;
  return `the disk of the Docker Engine is full, make room there (${sentence})`;
}

/** The status of the engine's answer; undefined when it gave none. */
export function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number }).statusCode;
}

function unreachable(
  { host, chosenBy, tlsDirectory }: EngineEndpoint,
  cause: unknown,
  silent: string | undefined,
): string {
  const { code } = cause as NodeJS.ErrnoException;
  const by = chosenBy === 'default' ? '' : ` (${chosenBy})`;
  if (code === 'EACCES' || code === 'EPERM') {
    return `no permission on the Docker Engine at ${host}${by}: run as root, or join the group that owns its socket, mostly "docker", and log in again`;
  }
  const at = `the Docker Engine at ${host}${by}`;
  // The names of OpenSSL, which Node tells as they are.
  if (/^ERR_SSL_.*_ALERT_/.test(code ?? '')) {
    const what = tlsDirectory === undefined ? 'us' : `the certificate ${tlsDirectory}/cert.pem`;
    return `${at} does not take ${what} (${code}): ask whoever runs it for a certificate of its authority`;
  }
  if (/CERT|ISSUER|LEAF_SIGNATURE/.test(code ?? '')) {
    const ours =
      tlsDirectory === undefined
        ? 'set DOCKER_CERT_PATH'
        : `${tlsDirectory}/ca.pem must be that of its authority`;
    return `${at} shows a certificate that is not to be trusted (${code}): ${ours}`;
  }
  const status = statusOf(cause);
  const words = saidBy(cause);
  const answer = `it answers ${status}${words === '' ? '' : `, ${words}`}`;
  const why = silent ?? (status === undefined ? (code ?? words) : answer);
  return `no Docker Engine answers at ${host}${by}: ${why}; start one, or choose another with DOCKER_HOST or \`docker context use\``;
}

function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [majorMin = 0, minorMin = 0] = than.split('.').map(Number);
  return major < majorMin || (major === majorMin && minor < minorMin);
}

function urlOf({ host, chosenBy }: EngineEndpoint): URL {
  try {
    return new URL(host);
  } catch (cause) {
    const sentence = `"${host}" (${chosenBy}) is no address of a Docker Engine such as unix:///var/run/docker.sock or tcp://10.0.0.7:2376`;
    throw new HarnessError('environment', sentence, { cause });
  }
}

function readPem(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new HarnessError(
      'environment',
      `${file}, which TLS to the Docker Engine needs, cannot be read`,
      { cause },
    );
  }
}
