import type { Log } from '../log/log.ts';

/** The log as a replica needs it; whatever has this shape may stand in its place. */
export type ReplicaLog = Pick<Log, keyof Log>;
