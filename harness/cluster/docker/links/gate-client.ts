import { connect } from 'node:net';
import { HarnessError } from '../../../errors.ts';
import { Channel } from '../../../load/channel.ts';
import { heardOf } from '../../../measure/clock.ts';
import type { GateAnswers, GateAsk, GateReply, GateRequest } from './gate-protocol.ts';

interface Waiting {
  resolve(answer: never): void;
  reject(error: Error): void;
}

/** The harness's hold on the gate of a site. */
export class GateClient {
  readonly #site: string;
  readonly #channel: Channel<GateReply, GateRequest>;
  readonly #waiting = new Map<number, Waiting>();
  #clockDomain = '';
  #requests = 0;
  #gone = false;

  static async open(options: {
    readonly site: string;
    /** Of this machine. */
    readonly port: number;
    readonly token: string;
  }): Promise<GateClient> {
    const client = new GateClient(options.site, options.port);
    const { clockDomain } = await client.ask({ type: 'hello', token: options.token });
    client.#clockDomain = clockDomain;
    return client;
  }

  private constructor(site: string, port: number) {
    this.#site = site;
    this.#channel = new Channel(connect({ host: '127.0.0.1', port }), {
      onMessage: (reply) => this.#hear(reply),
      onClose: () => this.#lost(),
    });
  }

  ask<A extends GateAsk>(ask: A): Promise<GateAnswers[A['type']]> {
    if (this.#gone) return Promise.reject(this.#lostError());
    const request = ++this.#requests;
    return new Promise((resolve, reject) => {
      this.#waiting.set(request, { resolve, reject });
      this.#channel.send({ request, ...ask });
    });
  }

  /** Nothing comes in from these addresses any more, and from all others it does: since when, in our time. */
  async drop(sources: readonly string[]): Promise<number> {
    const { atNanos } = await this.ask({ type: 'drop', sources });
    return heardOf({ atNanos, domain: this.#clockDomain });
  }

  close(): void {
    this.#channel.end();
  }

  #hear(reply: GateReply): void {
    const waiting = this.#waiting.get(reply.request);
    this.#waiting.delete(reply.request);
    if ('refused' in reply) {
      waiting?.reject(
        new HarnessError('cluster', `the network of ${this.#site}: ${reply.refused}`),
      );
    } else {
      waiting?.resolve(reply.answer as never);
    }
  }

  #lost(): void {
    this.#gone = true;
    for (const { reject } of this.#waiting.values()) reject(this.#lostError());
    this.#waiting.clear();
  }

  #lostError(): HarnessError {
    return new HarnessError(
      'cluster',
      `the container with the network of ${this.#site} does not answer`,
    );
  }
}
