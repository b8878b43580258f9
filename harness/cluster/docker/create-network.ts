import type Docker from 'dockerode';
import { runLabel } from './labels.ts';
import type { Subnet } from './subnet.ts';

/** A network of a run; plain data, for the supervisor. */
export interface NetworkSpec {
  readonly name: string;
  readonly subnet: Subnet;
  /** From which nothing else is reached. */
  readonly internal: boolean;
}

export async function createNetwork(
  docker: Docker,
  run: string,
  { name, subnet, internal }: NetworkSpec,
): Promise<void> {
  await docker.createNetwork({
    Name: name,
    Driver: 'bridge',
    Internal: internal,
    Labels: { [runLabel]: run },
    IPAM: { Driver: 'default', Config: [{ Subnet: `${subnet}.0/24`, Gateway: `${subnet}.1` }] },
  });
}
