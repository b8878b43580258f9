import { hostname, release } from 'node:os';
import type { EngineEndpoint } from './endpoint.ts';

/** What an engine says of the machine that it runs on. */
export interface EngineMachine {
  readonly Name: string;
  readonly KernelVersion: string;
  readonly OperatingSystem: string;
  readonly NCPU?: number;
}

/** Of one that does not tell. */
export const untold: EngineMachine = { Name: '', KernelVersion: '', OperatingSystem: '' };

/** What is compared with that. */
export interface ThisMachine {
  readonly platform: string;
  readonly name: string;
  readonly kernel: string;
}

type Host = Pick<EngineEndpoint, 'host'>;

/**
 * A socket of this machine may lead into a virtual machine, as those of Docker Desktop, colima and
 * lima do; so the engine has to bear this machine's name as well, and run on its kernel.
 */
export function isOfThisMachine(
  { host }: Host,
  machine: EngineMachine,
  here = thisMachine(),
): boolean {
  return here.platform === 'linux' && host.startsWith('unix://') && looksLike(machine, here);
}

/**
 * Whether ports that it publishes on its loopback may be dialled on that of this machine: a virtual
 * machine of this one has them passed on, another machine has not.
 */
export function isReachable({ host }: Host, machine: EngineMachine, here = thisMachine()): boolean {
  const loopback =
    /^(?:unix|npipe):|^(?:tcp|https?):\/\/(?:localhost|127\.[\d.]+|\[::1\])(?:[:/]|$)/;
  return loopback.test(host) || looksLike(machine, here);
}

/** "colima, Linux 6.8.0-31-generic, Ubuntu 24.04 LTS, 4 CPUs" */
export function machineInWords({
  Name,
  KernelVersion,
  OperatingSystem,
  NCPU,
}: EngineMachine): string {
  const cpus = NCPU === undefined ? '' : `${NCPU} CPUs`;
  const kernel = KernelVersion === '' ? '' : `Linux ${KernelVersion}`;
  const told = [Name, kernel, OperatingSystem, cpus].filter((part) => part !== '');
  return told.length === 0 ? 'which, it does not say' : told.join(', ');
}

function looksLike(
  { Name, KernelVersion, OperatingSystem }: EngineMachine,
  { name, kernel }: ThisMachine,
): boolean {
  // Docker Desktop's machine may be named as its host is.
  return Name === name && KernelVersion === kernel && !/docker desktop/i.test(OperatingSystem);
}

function thisMachine(): ThisMachine {
  return { platform: process.platform, name: hostname(), kernel: release() };
}
