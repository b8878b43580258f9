import type { StorageForm } from '../cluster/node-storage.ts';
import type { Fault, Victim } from './fault.ts';
import { withTroubles, type Trouble, type TroubleFault } from './troubles.ts';

/** Something that a disk does to its node. */
export type DiskTrouble = Trouble;

/** A fault that does to the disk of each victim what it would do to that of one. */
export interface DiskFault<Options> extends Omit<TroubleFault<Options>, 'needs'> {
  /** The storage forms that it can act on; all when left out. */
  readonly storage?: readonly StorageForm[];
}

export function onDisks<Options>({ storage, ...fault }: DiskFault<Options>): Fault<Options> {
  const needs = { files: 'here', ...(storage === undefined ? {} : { storage }) } as const;
  return withTroubles({ ...fault, needs });
}

/** For `trouble` of a fault whose `storage` keeps this from happening in a run. */
export function noDiskFor(kind: string, { name, disk }: Victim): Error {
  return new Error(`${kind} cannot act on ${name}: its storage is ${disk?.form ?? 'unknown'}`);
}
