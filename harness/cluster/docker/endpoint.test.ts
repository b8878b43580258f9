import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { engineEndpoint } from './endpoint.ts';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'ackworth-endpoint-'));
});

afterEach(() => rmSync(home, { recursive: true }));

/** As `docker context create` leaves it. */
function addContext(name: string, host: string, tls: boolean): string {
  const id = createHash('sha256').update(name).digest('hex');
  const meta = join(home, '.docker', 'contexts', 'meta', id);
  mkdirSync(meta, { recursive: true });
  const content = { Name: name, Endpoints: { docker: { Host: host, SkipTLSVerify: false } } };
  writeFileSync(join(meta, 'meta.json'), JSON.stringify(content));
  const keys = join(home, '.docker', 'contexts', 'tls', id, 'docker');
  if (tls) mkdirSync(keys, { recursive: true });
  return keys;
}

function useContext(name: string): void {
  writeFileSync(join(home, '.docker', 'config.json'), JSON.stringify({ currentContext: name }));
}

test('DOCKER_HOST says where the engine is, with or without a scheme', () => {
  expect(engineEndpoint({ DOCKER_HOST: 'unix:///there.sock' }, home)).toEqual({
    host: 'unix:///there.sock',
    chosenBy: 'DOCKER_HOST',
  });
  expect(engineEndpoint({ DOCKER_HOST: '10.0.0.7:2375' }, home).host).toBe('tcp://10.0.0.7:2375');
});

test('TLS takes its keys from DOCKER_CERT_PATH, else from the folder of Docker', () => {
  const env = { DOCKER_HOST: 'tcp://there:2376', DOCKER_TLS_VERIFY: '1' };
  expect(engineEndpoint(env, home).tlsDirectory).toBe(join(home, '.docker'));
  expect(engineEndpoint({ ...env, DOCKER_CERT_PATH: '/keys' }, home).tlsDirectory).toBe('/keys');
  expect(engineEndpoint({ ...env, DOCKER_TLS_VERIFY: '' }, home).tlsDirectory).toBeUndefined();
});

test('the current context is used, and DOCKER_CONTEXT and DOCKER_HOST go before it', () => {
  const keys = addContext('far', 'tcp://far:2376', true);
  addContext('near', 'unix:///near.sock', false);
  useContext('far');
  expect(engineEndpoint({}, home)).toEqual({
    host: 'tcp://far:2376',
    chosenBy: 'docker context far',
    tlsDirectory: keys,
  });
  expect(engineEndpoint({ DOCKER_CONTEXT: 'near' }, home)).toEqual({
    host: 'unix:///near.sock',
    chosenBy: 'docker context near',
  });
  const both = { DOCKER_CONTEXT: 'near', DOCKER_HOST: 'unix:///other.sock' };
  expect(engineEndpoint(both, home).host).toBe('unix:///other.sock');
});

test('a context that is not there is told in one sentence', () => {
  expect(() => engineEndpoint({ DOCKER_CONTEXT: 'gone' }, home)).toThrow(
    /^there is no docker context "gone" in .+: choose one of `docker context ls`$/,
  );
});

test('without any of them it is the socket of this machine', () => {
  mkdirSync(join(home, '.docker'));
  useContext('default');
  expect(engineEndpoint({}, home)).toEqual({
    host: 'unix:///var/run/docker.sock',
    chosenBy: 'default',
  });
});
