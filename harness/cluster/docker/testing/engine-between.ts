import { connect, createServer, type Server, type Socket } from 'node:net';

/** A request to an engine, of which there is one per connection. */
export interface EngineRequest {
  /** "POST /containers/create?name=..." */
  readonly line: string;
  /** Empty where it is streamed. */
  readonly body: string;
}

/** Answered in the place of the engine. */
export interface EngineAnswer {
  readonly status: number;
  readonly message: string;
}

/**
 * Stands between the harness and a real engine: each request is shown to a test, which may answer
 * it by itself; all others go through.
 */
export class EngineBetween {
  readonly #server: Server;

  static async listen(options: {
    /** Its socket, and that of the real one. */
    readonly path: string;
    readonly engine: string;
    readonly onRequest: (request: EngineRequest) => Promise<EngineAnswer | undefined>;
  }): Promise<EngineBetween> {
    const { path, engine, onRequest } = options;
    const server = createServer({ allowHalfOpen: true }, (near) => {
      near.on('error', () => undefined);
      collect(near, (request, bytes) => {
        onRequest(request).then(
          (answer) => (answer === undefined ? passOn(near, engine, bytes) : say(near, answer)),
          () => near.destroy(),
        );
      });
    });
    await new Promise<void>((listening) => server.listen(path, listening));
    return new EngineBetween(server);
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  close(): void {
    this.#server.close();
  }
}

/** Reads the head, and the body where its length is told. */
function collect(near: Socket, onRequest: (request: EngineRequest, bytes: Buffer) => void): void {
  let seen = Buffer.alloc(0);
  const take = (chunk: Buffer): void => {
    seen = Buffer.concat([seen, chunk]);
    const headEnd = seen.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = seen.subarray(0, headEnd).toString();
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    const body = seen.subarray(headEnd + 4);
    if (body.length < length) return;
    near.off('data', take);
    near.pause();
    const line = head.split('\r\n')[0]!.replace(/ HTTP\/1\.1$/, '');
    onRequest({ line, body: body.subarray(0, length).toString() }, seen);
  };
  near.on('data', take);
}

function passOn(near: Socket, engine: string, bytes: Buffer): void {
  const far = connect({ path: engine, allowHalfOpen: true });
  far.on('error', () => near.destroy());
  near.on('error', () => far.destroy());
  far.write(bytes);
  near.pipe(far).pipe(near);
}

function say(near: Socket, { status, message }: EngineAnswer): void {
  const body = JSON.stringify({ message });
  const head = [
    `HTTP/1.1 ${status} Refused`,
    'content-type: application/json',
    `content-length: ${body.length}`,
    'connection: close',
  ];
  near.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
