import { readDiskFaults, writeDiskFaults, type DiskFaults } from '../../../../broker/index.ts';
import type { DiskAccount, Misbehaviour } from '../../node-storage.ts';

/** What is asked of one emulated disk: one request after another, each beside what is in force. */
export class Misbehaviours {
  readonly #root: string;
  #asked: DiskFaults = { sequence: 0, failSyncs: 0, full: false, slowMs: 0 };
  #turn: Promise<unknown> = Promise.resolve();

  constructor(root: string) {
    this.#root = root;
  }

  request(change: Partial<Misbehaviour>): Promise<number> {
    const turn = this.#turn.then(async () => {
      // Failures that another fault asked for and that have not come yet are still to come.
      const { syncsToFail: failSyncs } = await this.account();
      const sequence = this.#asked.sequence + 1;
      this.#asked = { ...this.#asked, failSyncs, ...change, sequence };
      await writeDiskFaults(this.#root, this.#asked);
      return sequence;
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async account(): Promise<DiskAccount> {
    const { sequence = 0, ...counts } = (await readDiskFaults(this.#root)) ?? {};
    return {
      request: sequence,
      syncsToFail: 0,
      syncsFailed: 0,
      writesRefused: 0,
      operationsSlowed: 0,
      millisSlowed: 0,
      ...counts,
    };
  }
}
