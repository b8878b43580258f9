import { DiskError } from '../env/disk.ts';
import { BrokerError } from '../errors.ts';
import { isDiskFull } from '../log/durable.ts';

/** Why a replica stops, whatever was thrown: a failed disk, or a state that must not be. */
export function replicaFailure(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error;
  const why = error instanceof Error ? error.message : String(error);
  if (error instanceof DiskError) {
    const code = isDiskFull(error) ? 'disk-full' : 'disk-failed';
    return new BrokerError(code, `the replica stops: ${why}`, { cause: error });
  }
  const what = 'the replica stops, its state is not as it must be';
  return new BrokerError('corrupt-log', `${what}: ${why}`, { cause: error });
}
