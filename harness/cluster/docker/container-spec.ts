import type { ContainerLimits } from '../node-container.ts';
import type { NodeFile } from '../node-program.ts';

/** Where a container finds the files that it is given. */
export const givenFolder = '/given';

/** What a container is started with; plain data, for the supervisor. */
export interface ContainerSpec {
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** `uid:gid` */
  readonly user: string;
  /** The container of this name, whose network it lives in; then it has no networks or ports of its own. */
  readonly within?: string;
  /** May change its own network: its filters and routes. */
  readonly networkAdmin?: true;
  /** By name, with its own address on each. The first is the one through which ports go. */
  readonly networks: readonly { readonly name: string; readonly address: string }[];
  /** Published on loopback; host 0 = the engine chooses. */
  readonly ports: readonly { readonly container: number; readonly host: number }[];
  /** None when left out. */
  readonly limits?: ContainerLimits;
  /** Run in it by the engine now and then: healthy as long as it ends with 0. */
  readonly healthCheck?: readonly string[];
  /** Its user alone may read them, in `givenFolder`. */
  readonly files?: readonly NodeFile[];
  /** What it keeps from life to life: a folder of this machine, or a volume of the engine. */
  readonly data?: { readonly target: string } & (
    { readonly folder: string } | { readonly volume: string }
  );
  /** A folder of its own that is copied here once it has ended, however it did. */
  readonly keep?: { readonly from: string; readonly into: string };
}
