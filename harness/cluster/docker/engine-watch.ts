import type { Readable } from 'node:stream';
import type { Engine } from './engine.ts';
import { ofRun } from './labels.ts';

/** Tells when an engine goes away in mid-run: its stream of events ends, and no other is had. */
export class EngineWatch {
  readonly #engine: Engine;
  readonly #run: string;
  #events: Readable | undefined;
  #stopped = false;

  constructor(engine: Engine, run: string) {
    this.#engine = engine;
    this.#run = run;
  }

  /** With a sentence, at most once. */
  start(onLost: (sentence: string) => void): void {
    this.#follow(onLost).catch(() => {
      if (this.#stopped) return;
      const { host } = this.#engine.endpoint;
      onLost(
        `the Docker Engine at ${host} went away in mid-run, and with it nodes and workers: ` +
          'look why it ended or was restarted, and run again',
      );
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#events?.destroy();
  }

  /** Streams may be cut off on their way, too. Rejects when no new one is had. */
  async #follow(onLost: (sentence: string) => void): Promise<void> {
    const filters = ofRun(this.#run);
    const events = (await this.#engine.docker.getEvents({ filters })) as Readable;
    this.#events = events;
    if (this.#stopped) return void events.destroy();
    events.on('error', () => undefined);
    events.once('close', () => {
      if (!this.#stopped) this.start(onLost);
    });
    events.resume();
  }
}
