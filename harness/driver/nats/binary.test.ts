import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { binaryVariable, findBinary, versionProblem } from './binary.ts';

const install = 'go install github.com/nats-io/nats-server/v2@v2.12.1';

describe('the nats-server of this machine', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ackworth-binary-'));
    vi.stubEnv('PATH', folder);
    vi.stubEnv(binaryVariable, '');
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  function place(name: string, mode = 0o755): string {
    const file = join(folder, name);
    writeFileSync(file, '');
    chmodSync(file, mode);
    return file;
  }

  test('is missing: one sentence says what to install, and how else to name it', () => {
    expect(() => findBinary(undefined)).toThrow(
      `there is no nats-server on the PATH: install one (${install}), or name it in ` +
        'ACKWORTH_NATS_SERVER',
    );
  });

  test('is one that is asked for, before the one that the environment names, before the PATH', () => {
    const found = place('nats-server');
    expect(findBinary(undefined)).toBe(found);
    const named = place('named');
    vi.stubEnv(binaryVariable, named);
    expect(findBinary(undefined)).toBe(named);
    const asked = place('asked');
    expect(findBinary(asked)).toBe(asked);
  });

  test('is named and is not there, or cannot be executed: one sentence says who named it', () => {
    const gone = join(folder, 'gone');
    expect(() => findBinary(gone)).toThrow(
      `${gone} is no nats-server that can be executed: ${install}`,
    );
    const data = place('data', 0o644);
    vi.stubEnv(binaryVariable, data);
    expect(() => findBinary(undefined)).toThrow(
      `${data}, which ACKWORTH_NATS_SERVER names, is no nats-server that can be executed: ` +
        install,
    );
  });
});

describe('a version', () => {
  test('before 2.10.23 is refused, since it does not sync each write of what is replicated', () => {
    expect(versionProblem('/bin/nats-server', 'nats-server: v2.9.25')).toBe(
      '/bin/nats-server is nats-server v2.9.25, and 2.10.23 or later is needed, ' +
        `which can sync each write: ${install}`,
    );
    for (const version of ['v2.10.0', 'v2.10.22', 'v1.10.30', 'v1.11.23'])
      expect(versionProblem('f', `nats-server: ${version}`), version).toContain('2.10.23 or later');
  });

  test('from 2.10.23 on is taken, also one of later days', () => {
    for (const version of ['v2.10.23', 'v2.10.24', 'v2.11.0', 'v2.15.3', 'v3.0.0'])
      expect(versionProblem('f', `nats-server: ${version}`), version).toBeUndefined();
  });
});
