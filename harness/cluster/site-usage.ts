import type { ContainerLimits } from './node-container.ts';

/** What one site used over all its lives, as its engine tells. Null = it does not tell. */
export interface SiteUsage {
  /** `node-1`, `producer-2` */
  readonly site: string;
  readonly cpuSeconds: number;
  /** Without the page cache. */
  readonly memoryBytesMax: number;
  readonly network: { readonly receivedBytes: number; readonly sentBytes: number } | null;
  readonly block: { readonly readBytes: number; readonly writtenBytes: number } | null;
  /** What its first container might use at most, as the engine had it. */
  readonly limits: ContainerLimits;
  /** How often it was looked at: what a container used after the last look is not in it. */
  readonly samples: number;
}
