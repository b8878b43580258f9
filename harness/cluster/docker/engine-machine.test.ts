import { describe, expect, test } from 'vitest';
import { isOfThisMachine, isReachable, machineInWords, untold } from './engine-machine.ts';

const here = { platform: 'linux', name: 'desk', kernel: '6.1.0-18-amd64' };
const own = {
  Name: 'desk',
  KernelVersion: '6.1.0-18-amd64',
  OperatingSystem: 'Debian GNU/Linux 12 (bookworm)',
  NCPU: 8,
};
const socket = { host: 'unix:///var/run/docker.sock' };

describe('an engine is of this machine', () => {
  test('when its socket is here, and it has the name and kernel of this machine', () => {
    expect(isOfThisMachine(socket, own, here)).toBe(true);
  });

  test.each([
    ['is reached over the network', { host: 'tcp://127.0.0.1:2375' }, own, here],
    ['is in a machine with another name (colima)', socket, { ...own, Name: 'colima' }, here],
    ['has another kernel', socket, { ...own, KernelVersion: '6.8.0-39-generic' }, here],
    ['is Docker Desktop', socket, { ...own, OperatingSystem: 'Docker Desktop' }, here],
    ['does not say who it is', socket, { ...own, Name: '' }, here],
    ['is on a Mac', socket, own, { ...here, platform: 'darwin' }],
  ])('and is not when it %s', (_, endpoint, machine, machineHere) => {
    expect(isOfThisMachine(endpoint, machine, machineHere)).toBe(false);
  });
});

describe('its ports on loopback can be dialled here', () => {
  const other = { ...own, Name: 'colima', KernelVersion: '6.8.0-39-generic' };

  test.each([
    ['unix:///home/me/.colima/docker.sock', true],
    ['npipe:////./pipe/docker_engine', true],
    ['tcp://127.0.0.1:2375', true],
    ['tcp://localhost:2375', true],
    ['tcp://[::1]:2375', true],
    ['tcp://10.0.0.7:2376', false],
    ['tcp://localhost.example.org:2376', false],
    ['ssh://me@there', false],
  ])('of one at %s: %s', (host, reachable) => {
    expect(isReachable({ host }, other, here)).toBe(reachable);
  });

  test('wherever it was asked, if it is of this machine', () => {
    expect(isReachable({ host: 'tcp://10.0.0.7:2376' }, own, here)).toBe(true);
  });
});

test('it is told in words, as far as it tells of itself', () => {
  expect(machineInWords(own)).toBe(
    'desk, Linux 6.1.0-18-amd64, Debian GNU/Linux 12 (bookworm), 8 CPUs',
  );
  expect(machineInWords({ Name: 'vm', KernelVersion: '6.8', OperatingSystem: '' })).toBe(
    'vm, Linux 6.8',
  );
  expect(machineInWords(untold)).toBe('which, it does not say');
  expect(isOfThisMachine(socket, untold, here)).toBe(false);
});
