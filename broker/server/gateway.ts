import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { BrokerError } from '../errors.ts';
import type { BrokerErrorCode } from '../errors.ts';
import { routeRequest } from './gateway-routes.ts';
import type { GatewayAnswer } from './gateway-routes.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { MetricsPage } from './metrics-page.ts';
import type { NodeParts } from './node-parts.ts';

const bodyBytesMax = 4 * 1024 * 1024;
const connectionsMax = 1024;
const requestTimeoutMs = 60_000;

const statusOfCode: Partial<Record<BrokerErrorCode, number>> = {
  'unknown-topic': 404,
  'topic-exists': 409,
  'invalid-request': 400,
  unauthorized: 401,
  'too-large': 413,
  fenced: 409,
  'offset-out-of-range': 416,
  diverged: 409,
  'corrupt-log': 500,
  'disk-failed': 500,
  'disk-full': 507,
  overloaded: 429,
};

/**
 * The broker over HTTP/1.1 and JSON, for scripts and for people: the same operations as the binary
 * protocol, answered by this node. Loopback unless told otherwise.
 */
export class Gateway {
  readonly address: string;
  readonly #server: Server;

  static listen(parts: NodeParts, address: string): Promise<Gateway> {
    const { host, port } = splitAddress(address);
    let page: Promise<MetricsPage> | undefined;
    // Loaded when somebody looks: its library is a quarter of what a node loads to start.
    const metricsPage = (): Promise<MetricsPage> =>
      (page ??= import('./metrics-page.ts').then(
        (loaded) => new loaded.MetricsPage(parts),
        (cause: unknown) => {
          page = undefined;
          throw new BrokerError('overloaded', 'the metrics page cannot be loaded', { cause });
        },
      ));
    const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
      void answer(parts, metricsPage, request, response);
    });
    server.maxConnections = connectionsMax;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => {
        server.off('error', reject);
        // Nothing that goes wrong with one connection is a reason to stop.
        server.on('error', (error) => parts.report('warn', `gateway: ${error.message}`));
        const bound = server.address();
        const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
        resolve(new Gateway(server, `${host}:${boundPort}`));
      });
    });
  }

  private constructor(server: Server, address: string) {
    this.#server = server;
    this.address = address;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

async function answer(
  parts: NodeParts,
  metricsPage: () => Promise<MetricsPage>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  parts.metrics.httpRequests++;
  request.on('error', () => {});
  response.on('error', () => {});
  try {
    if (request.method === 'GET' && request.url === '/metrics') {
      const page = await metricsPage();
      send(response, 200, await page.render(), { 'content-type': page.contentType });
      return;
    }
    const body = await readBody(request, parts.budget);
    if (body === undefined) return;
    const result = await routeRequest(parts, {
      method: request.method ?? '',
      url: request.url ?? '/',
      token: bearerToken(request),
      body,
    });
    sendJson(response, result);
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    sendJson(response, errorAnswer(error));
  }
}

function errorAnswer(error: BrokerError): GatewayAnswer {
  const { code, message, detail } = error;
  return {
    status: statusOfCode[code] ?? 503,
    body: {
      error: {
        code,
        message,
        retriable: error.retriable,
        ...(detail === undefined ? {} : { detail }),
      },
    },
  };
}

/**
 * Undefined when the client went away first. Throws `too-large` and `overloaded`, and then reads no
 * further.
 */
function readBody(request: IncomingMessage, budget: MemoryBudget): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const release = (): void => {
      budget.partialBytes -= bytes;
      bytes = 0;
    };
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      budget.partialBytes += chunk.length;
      if (bytes <= bodyBytesMax && !budget.partialFull) {
        chunks.push(chunk);
        return;
      }
      request.pause();
      const tooLarge = bytes > bodyBytesMax;
      release();
      reject(
        tooLarge
          ? new BrokerError('too-large', `a body may have ${bodyBytesMax} bytes at most`)
          : new BrokerError('overloaded', 'too many requests are arriving at once'),
      );
    });
    request.on('end', () => {
      release();
      resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    });
    request.on('close', () => {
      release();
      resolve(undefined);
    });
  });
}

function bearerToken(request: IncomingMessage): string {
  const match = /^Bearer (.+)$/.exec(request.headers.authorization ?? '');
  return match?.[1] ?? '';
}

function sendJson(response: ServerResponse, { status, body, headers }: GatewayAnswer): void {
  send(response, status, Buffer.from(JSON.stringify(body)), {
    'content-type': 'application/json',
    ...headers,
  });
}

function send(
  response: ServerResponse,
  status: number,
  body: Buffer | string,
  headers: Record<string, string>,
): void {
  if (response.headersSent || response.destroyed) return;
  const bytes = Buffer.byteLength(body);
  // A body that was not read to its end cannot be told from the next request.
  const whole = response.req.complete;
  response.writeHead(status, {
    ...headers,
    'content-length': bytes,
    ...(whole ? {} : { connection: 'close' }),
  });
  response.end(body);
}

function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  const port = Number(address.slice(colon + 1));
  if (colon < 1 || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new BrokerError('invalid-request', `gateway address "${address}" is not host:port`);
  }
  return { host: address.slice(0, colon), port };
}
