import type { Housing } from './node-host.ts';

/** Where the nodes and workers of a run live. */
export const clusterKinds = ['process', 'docker'] as const;
export type ClusterKind = (typeof clusterKinds)[number];

/** In what they live there. */
export const housings: Readonly<Record<ClusterKind, Housing>> = {
  process: 'process',
  docker: 'container',
};
