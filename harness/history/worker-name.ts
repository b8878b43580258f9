/**
 * The number in "consumer-2" and "consumer-2.3" (its third life); undefined when it is the name of
 * no such worker.
 */
export function workerNumber(worker: string, role: 'consumer' | 'producer'): number | undefined {
  const match = /^(consumer|producer)-(\d+)(?:\.\d+)?$/.exec(worker);
  return match !== null && match[1] === role ? Number(match[2]) : undefined;
}

/** The group of a consumer's file by its worker's name; undefined when the plan has no such one. */
export function groupOfWorker(
  worker: string,
  consumers: readonly { readonly worker: number; readonly group: string }[],
): string | undefined {
  const number = workerNumber(worker, 'consumer');
  return consumers.find((consumer) => consumer.worker === number)?.group;
}
