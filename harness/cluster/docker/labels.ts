/** What of ours an engine holds: everything carries the label of its run, and nothing else does. */
export const runLabel = 'ackworth.run';
/** The supervisor's name of a container: `node-1`, `consumer-2`. */
export const nameLabel = 'ackworth.name';
/** The run folder, on the machine of the harness. */
export const folderLabel = 'ackworth.folder';
/** Of a container: the folder in it that is to be kept, and where to. */
export const keepFromLabel = 'ackworth.keep-from';
export const keepIntoLabel = 'ackworth.keep-into';
/** Of an image: what it is made from. */
export const imageLabel = 'ackworth.image';

/** A filter of the engine's lists. */
export function ofRun(run: string): string {
  return JSON.stringify({ label: [`${runLabel}=${run}`] });
}
