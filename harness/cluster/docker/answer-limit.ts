import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { HarnessError } from '../../errors.ts';

/** An engine that hangs: it takes requests, and answers none of them, or not those that matter. */
export class SilentEngine extends HarnessError {
  readonly answersOthers: boolean;

  constructor({ sentence, answersOthers }: Silence) {
    super('environment', sentence);
    this.name = 'SilentEngine';
    this.answersOthers = answersOthers;
  }
}

interface Silence {
  readonly sentence: string;
  readonly answersOthers: boolean;
}

type DialOptions = Parameters<Docker['modem']['dial']>[0];
type RequestCallback = NonNullable<Parameters<Docker['modem']['dial']>[1]>;

/** A busy engine may take this many times as long, while it answers others. */
const busyFactor = 6;
/** One that has just been found to hang is not waited for as long again, until it answers. */
const hangsStillFactor = 0.2;
/** By host, for all clients of this process. */
const hanging = new Set<string>();

/**
 * Bounds how long this client waits for its engine, whatever it asks: an engine that answers nothing
 * for `answerMsMax` is told by a SilentEngine, in one sentence. One that is busy is waited for longer,
 * as it shows by what else it answers; over an image, an archive or the end of a container as long as
 * it does. Whoever follows what a container prints, or what happens, does so without a bound.
 */
export function limitAnswers({ modem }: Docker, host: string, answerMsMax: number): void {
  const dial = modem.dial.bind(modem);

  function answersAnything(withinMs: number): Promise<boolean> {
    const asked = { path: '/_ping', method: 'GET', statusCodes: { 200: true } };
    const abortSignal = AbortSignal.timeout(withinMs);
    return new Promise((resolve) => {
      // Whatever it is, it is an answer, and who does not listen does not hang.
      dial({ ...asked, abortSignal }, () => {
        if (!abortSignal.aborted) hanging.delete(host);
        resolve(!abortSignal.aborted);
      });
    });
  }

  /** Resolves once it is to be given up; never when `over` is aborted before. */
  async function untilSilent(options: DialOptions, over: AbortSignal): Promise<Silence> {
    const beganAt = performance.now();
    const tooLongMs = isOpenEnded(options) ? Infinity : busyFactor * answerMsMax;
    for (;;) {
      const halfMs = (hanging.has(host) ? hangsStillFactor : 1) * (answerMsMax / 2);
      await sleep(halfMs, undefined, { signal: over, ref: false });
      const answersOthers = await answersAnything(halfMs);
      if (answersOthers && performance.now() - beganAt <= tooLongMs) continue;
      const what = answersOthers
        ? `${requestOf(options)} within ${textOf(tooLongMs)}, though it answers others`
        : `within ${textOf(answerMsMax)}`;
      const sentence = `the Docker Engine at ${host} did not answer ${what}: look why it hangs, or restart it`;
      return { sentence, answersOthers };
    }
  }

  modem.dial = (options: DialOptions, callback: RequestCallback = () => undefined) => {
    const over = new AbortController();
    const giveUp = new AbortController();
    const { abortSignal: given } = options;
    const abortSignal = given ? AbortSignal.any([given, giveUp.signal]) : giveUp.signal;
    let stream: IncomingMessage | undefined;
    let told = false;
    const tell: RequestCallback = (error, result) => {
      if (!told) callback(error, result);
      told = true;
    };
    untilSilent(options, over.signal).then(
      (silence) => {
        if (over.signal.aborted) return;
        const error = new SilentEngine(silence);
        hanging.add(host);
        stream?.destroy(error);
        tell(error, null);
        giveUp.abort();
      },
      () => undefined,
    );
    dial({ ...options, abortSignal }, (error, result) => {
      if (error === null && endsByItself(options)) {
        stream = result as IncomingMessage;
        stream.once('close', () => over.abort());
      } else over.abort();
      if (error === null || 'statusCode' in error) hanging.delete(host);
      tell(error, result);
    });
  };
}

/** What is made, pulled or copied takes as long as it is large, and a container as long as it lives. */
function isOpenEnded({ path }: DialOptions): boolean {
  return /^\/(?:build|images\/create|containers\/.+\/(?:archive|wait))\?$/.test(path);
}

/** What follows its head is read to the end, to which the engine brings it. */
function endsByItself({ path, method, isStream, options }: DialOptions): boolean {
  if (isStream !== true || method === 'PUT' || path.endsWith('/attach?')) return false;
  return path !== '/events?' || options?.['until'] !== undefined;
}

function requestOf({ method = 'GET', path }: DialOptions): string {
  return `${method} ${path.replace(/\?$/, '')}`;
}

function textOf(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
}
