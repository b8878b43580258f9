import { DiskError } from '../env/disk.ts';
import { BrokerError } from '../errors.ts';

/** Why a replica stops, whatever was thrown: a failed disk, or a state that is not as it must be. */
export function replicaFailure(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error;
  const why = error instanceof Error ? error.message : String(error);
  if (error instanceof DiskError) {
    const code = error.code === 'ENOSPC' ? 'disk-full' : 'disk-failed';
    return new BrokerError(code, `the replica stops: ${why}`, { cause: error });
  }
  return new BrokerError('corrupt-log', `the replica stops, its state is not as it must be: ${why}`, {
    cause: error,
  });
}
