import type { EngineEndpoint } from '../cluster/docker/endpoint.ts';
import type { NetworkSpec } from '../cluster/docker/create-network.ts';
import { monotonicNanos } from '../measure/clock.ts';

/**
 * Makes the networks of a run. An engine takes its time over one, also when nobody waits for it any
 * more: whoever removes what there is of the run waits first, so that none comes after it.
 */
export class Networks {
  readonly #run: string;
  readonly #making = new Set<Promise<void>>();
  #ending = false;

  constructor(run: string) {
    this.#run = run;
  }

  async make(spec: NetworkSpec, engine: EngineEndpoint | undefined): Promise<number> {
    if (this.#ending) throw new Error('the supervisor is ending');
    if (engine === undefined) throw new Error('the run has no Docker Engine');
    const making = this.#make(spec, engine);
    this.#making.add(making);
    try {
      await making;
    } finally {
      this.#making.delete(making);
    }
    return monotonicNanos();
  }

  /** Makes no more; resolves once none is under way. */
  async settle(): Promise<void> {
    this.#ending = true;
    await Promise.allSettled(this.#making);
  }

  /** Loaded when there is one, with the client of the engine. */
  async #make(spec: NetworkSpec, engine: EngineEndpoint): Promise<void> {
    const [{ dockerAt, saidBy }, { createNetwork }] = await Promise.all([
      import('../cluster/docker/engine.ts'),
      import('../cluster/docker/create-network.ts'),
    ]);
    try {
      await createNetwork(dockerAt(engine), this.#run, spec);
    } catch (cause) {
      throw new Error(saidBy(cause), { cause });
    }
  }
}
