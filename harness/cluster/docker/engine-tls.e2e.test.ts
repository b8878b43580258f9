import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engineEndpoint } from './endpoint.ts';
import { openEngine } from './engine.ts';

// An engine that wants TLS, and takes nobody without a certificate of its own authority.
let folder: string;
let server: Server;
let host: string;

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function makeAuthority(name: string): void {
  const files = ['-keyout', `${name}-key.pem`, '-out', `${name}.pem`];
  openssl('req', '-x509', ...newKey, ...files, '-subj', `/CN=${name}`, '-days', '2');
}

/** With a folder as `docker` wants it: of this authority, and whoever the client says it is. */
function makeKeys(name: string, authority: string, trusted = authority): string {
  const keys = join(folder, name);
  mkdirSync(keys);
  openssl('req', ...newKey, '-keyout', `${name}/key.pem`, '-out', 'asked.pem', '-subj', '/CN=me');
  const by = ['-CA', `${authority}.pem`, '-CAkey', `${authority}-key.pem`, '-CAcreateserial'];
  writeFileSync(join(folder, 'names'), 'subjectAltName=IP:127.0.0.1');
  const files = ['-in', 'asked.pem', '-out', `${name}/cert.pem`, '-extfile', 'names'];
  openssl('x509', '-req', ...files, ...by, '-days', '2');
  writeFileSync(join(keys, 'ca.pem'), readFileSync(join(folder, `${trusted}.pem`)));
  return keys;
}

async function opened(keys: string, at = host): Promise<string> {
  const env = { DOCKER_HOST: at, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: keys };
  return openEngine(engineEndpoint(env)).then(
    ({ version }) => version,
    (error: Error) => error.message,
  );
}

const missing = spawnSync('openssl', ['version']).error !== undefined;
const why = missing ? ' (skipped: openssl is not installed, which makes the keys)' : '';

describe.skipIf(missing)(`an engine that wants TLS${why}`, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ackworth-tls-'));
    makeAuthority('ours');
    makeAuthority('theirs');
    const own = makeKeys('server', 'ours');
    const read = (name: string): Buffer => readFileSync(join(own, `${name}.pem`));
    const tls = { ca: read('ca'), cert: read('cert'), key: read('key') };
    server = createServer(
      { ...tls, requestCert: true, rejectUnauthorized: true },
      (_, response) => {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ Version: '28.2.2', ApiVersion: '1.50', Os: 'linux' }));
      },
    );
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    host = `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    await new Promise((closed) => server.close(closed));
    rmSync(folder, { recursive: true });
  });

  test('is used with the keys of DOCKER_CERT_PATH', async () => {
    expect(await opened(makeKeys('client', 'ours'))).toBe('28.2.2');
  });

  test('and is of another authority is refused in one sentence', async () => {
    const keys = makeKeys('misled', 'ours', 'theirs');
    expect(await opened(keys)).toBe(
      `the Docker Engine at ${host} (DOCKER_HOST) shows a certificate that is not to be trusted ` +
        `(SELF_SIGNED_CERT_IN_CHAIN): ${keys}/ca.pem must be that of its authority`,
    );
  });

  test('and does not take our certificate is quoted in one sentence', async () => {
    const keys = makeKeys('stranger', 'theirs', 'ours');
    // It says why, as an engine does, which a server of Node does not.
    const own = ['-cert', 'server/cert.pem', '-key', 'server/key.pem', '-CAfile', 'ours.pem'];
    const asking = ['-Verify', '1', '-verify_return_error', '-accept', '127.0.0.1:0'];
    const strict = spawn('openssl', ['s_server', ...own, ...asking], {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    try {
      let said = '';
      while (!/^ACCEPT \S+$/m.test(said)) said += String((await once(strict.stdout, 'data'))[0]);
      const at = `tcp://127.0.0.1:${/^ACCEPT \S+:(\d+)$/m.exec(said)?.[1]}`;
      expect(await opened(keys, at)).toMatch(
        new RegExp(
          `^the Docker Engine at ${at} \\(DOCKER_HOST\\) does not take the certificate ` +
            `${keys}/cert.pem \\(ERR_SSL_\\w+\\): ask whoever runs it for a certificate of its authority$`,
        ),
      );
    } finally {
      strict.kill();
    }
  });

  test('is told of in one sentence where the keys are not there', async () => {
    expect(await opened(join(folder, 'nowhere'))).toBe(
      `${folder}/nowhere/ca.pem, which TLS to the Docker Engine needs, cannot be read`,
    );
  });
});
