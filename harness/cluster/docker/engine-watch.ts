import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { SilentEngine } from './answer-limit.ts';
import type { Engine } from './engine.ts';
import { ofRun } from './labels.ts';

const askedEveryMs = 2_000;

/**
 * Tells when an engine goes away in mid-run: its stream of events ends, and no other is had, or it
 * hangs, which ends no stream.
 */
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
    const tell = (sentence: string): void => {
      if (this.#stopped) return;
      this.stop();
      onLost(sentence);
    };
    const { host } = this.#engine.endpoint;
    this.#untilGone().catch(() =>
      tell(
        `the Docker Engine at ${host} went away in mid-run, and with it nodes and workers: ` +
          'look why it ended or was restarted, and run again',
      ),
    );
    void this.#untilSilent().then((sentence) => sentence !== undefined && tell(sentence));
  }

  stop(): void {
    this.#stopped = true;
    this.#events?.destroy();
  }

  /** Streams may be cut off on their way, too. Rejects when no new one is had. */
  async #untilGone(): Promise<void> {
    const filters = ofRun(this.#run);
    while (!this.#stopped) {
      const events = (await this.#engine.docker.getEvents({ filters })) as Readable;
      this.#events = events;
      if (this.#stopped) return void events.destroy();
      events.on('error', () => undefined);
      const closed = new Promise((resolve) => events.once('close', resolve));
      events.resume();
      await closed;
    }
  }

  /** With a sentence; of one that is gone, or going, the stream of events tells. */
  async #untilSilent(): Promise<string | undefined> {
    while (!this.#stopped) {
      const silent = await this.#engine.docker.ping().catch((error: unknown) => error);
      if (silent instanceof SilentEngine) return silent.message;
      await sleep(askedEveryMs, undefined, { ref: false });
    }
    return undefined;
  }
}
