import type { ApiKey } from './api.ts';
import { codecs } from './codec.ts';
import type { RequestName, RequestOf, ResponseOf } from './codec.ts';
import { ProtocolError } from './protocol-error.ts';
import { invalid, WireReader, WireWriter } from './wire.ts';

/** Version of every api; one number until one of them changes. */
export const apiVersion = 1;
const requestHeadBytes = 6;
const responseHeadBytes = 6;

/** A request with its name, so that a switch over `api` knows the type of `request`. */
export type AnyRequest = {
  [N in RequestName]: {
    readonly api: N;
    readonly correlationId: number;
    readonly request: RequestOf<N>;
  };
}[RequestName];

/** The error half of an answer. `wire` is the number in `brokerErrors`, never 0. */
export interface ErrorResponse {
  readonly wire: number;
  readonly detail: number | undefined;
  readonly message: string;
}

const names = new Map<number, RequestName>();
for (const name of Object.keys(codecs) as RequestName[]) names.set(codecs[name].key, name);

/** One frame as chunks for one `Connection.write`; a batch stays a chunk of its own. */
export function encodeRequest<N extends RequestName>(
  api: N,
  correlationId: number,
  request: RequestOf<N>,
): Buffer[] {
  const to = new WireWriter();
  to.u8(codecs[api].key);
  to.u8(apiVersion);
  to.u32(correlationId);
  codecs[api].writeRequest(to, request);
  return to.frame();
}

/** The api of a request frame (without its length); undefined when it is too short for one. */
export function requestApi(frame: Buffer): ApiKey | undefined {
  return frame[0] as ApiKey | undefined;
}

/** So that a request that cannot be decoded still gets its answer; 0 when there is none. */
export function requestCorrelationId(frame: Buffer): number {
  return frame.length < requestHeadBytes ? 0 : frame.readUInt32LE(2);
}

/**
 * Decodes a request frame (without its length). Throws `ProtocolError`. A produced batch is a slice
 * of the frame with its length, version, kind and number ranges checked, but not its CRC.
 */
export function decodeRequest(frame: Buffer): AnyRequest {
  if (frame.length < requestHeadBytes) throw invalid('a request has no head');
  const name = names.get(frame[0]!);
  if (name === undefined) throw invalid(`there is no api ${frame[0]}`);
  if (frame[1] !== apiVersion) {
    const versions = `version ${frame[1]} of ${name}; this node speaks ${apiVersion}`;
    throw new ProtocolError('unsupported-version', `A request asks for ${versions}.`);
  }
  const from = new WireReader(frame, requestHeadBytes);
  const request = codecs[name].readRequest(from);
  from.end();
  return { api: name, correlationId: frame.readUInt32LE(2), request } as AnyRequest;
}

export function encodeResponse<N extends RequestName>(
  api: N,
  correlationId: number,
  response: ResponseOf<N>,
): Buffer[] {
  const to = new WireWriter();
  to.u32(correlationId);
  to.u16(0);
  codecs[api].writeResponse(to, response);
  return to.frame();
}

/** A message beyond the length that a string can have is cut. */
export function encodeError(correlationId: number, error: ErrorResponse): Buffer[] {
  const to = new WireWriter();
  to.u32(correlationId);
  to.u16(error.wire);
  to.f64(error.detail ?? Number.NaN);
  to.string(error.message.slice(0, 10_000));
  return to.frame();
}

/** Which request an answer frame (without its length) belongs to. */
export function responseCorrelationId(frame: Buffer): number {
  if (frame.length < responseHeadBytes) throw invalid('an answer has no head');
  return frame.readUInt32LE(0);
}

/** The error of an answer frame, or undefined when it carries a result. */
export function responseError(frame: Buffer): ErrorResponse | undefined {
  const from = new WireReader(frame, 4);
  const wire = from.u16();
  if (wire === 0) return undefined;
  const detail = from.f64();
  const message = from.string();
  from.end();
  return { wire, detail: Number.isNaN(detail) ? undefined : detail, message };
}

/** The result of an answer frame that carries no error (`responseError` was undefined). */
export function decodeResponse<N extends RequestName>(api: N, frame: Buffer): ResponseOf<N> {
  const from = new WireReader(frame, 4);
  if (from.u16() !== 0) throw invalid('an answer carries an error where a result was expected');
  const response = codecs[api].readResponse(from);
  from.end();
  return response as ResponseOf<N>;
}
