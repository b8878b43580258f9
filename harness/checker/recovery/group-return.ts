import type { Outcome } from './service-return.ts';

/** Follows a fault on a consumer: per group and partition, the first delivery after it. */
export class GroupReturn {
  readonly #effectiveAt: number;
  /** By group: per partition, whether it was served before, and when first after. */
  readonly #groups: ReadonlyMap<number, { readonly served: boolean[]; readonly backAt: number[] }>;

  constructor(effectiveAt: number, groups: readonly number[]) {
    this.#effectiveAt = effectiveAt;
    this.#groups = new Map(groups.map((group) => [group, { served: [], backAt: [] }]));
  }

  delivery(group: number, partition: number, time: number): void {
    const followed = this.#groups.get(group);
    if (followed === undefined) return;
    const place = Math.max(partition, 0);
    if (time < this.#effectiveAt) followed.served[place] = true;
    else if (!(followed.backAt[place]! <= time)) followed.backAt[place] = time;
  }

  /** `hasAll`: the group was given all there is of a partition, so that nothing more was due. */
  result(
    hasAll: (group: number, partition: number) => boolean,
    nameOf: (group: number) => string,
  ): Outcome {
    const doubts: string[] = [];
    let worst: number | undefined;
    for (const [group, { served, backAt }] of this.#groups) {
      served.forEach((_, partition) => {
        const back = backAt[partition];
        if (back !== undefined) worst = Math.max(worst ?? 0, (back - this.#effectiveAt) / 1e6);
        else if (!hasAll(group, partition)) {
          doubts.push(`partition ${partition} was not given to ${nameOf(group)} again`);
        }
      });
    }
    if (worst === undefined && doubts.length === 0)
      doubts.push('nothing was delivered before the fault');
    return {
      rtoMs: doubts.length > 0 ? null : (worst ?? null),
      note: doubts.slice(0, 3).join('; '),
      never: [],
      doubts,
    };
  }
}
