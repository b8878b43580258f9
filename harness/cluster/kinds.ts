/** Where the nodes and workers of a run live. */
export const clusterKinds = ['process', 'docker'] as const;
export type ClusterKind = (typeof clusterKinds)[number];
