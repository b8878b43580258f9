/** A subset of the broker's error codes, under the same names. */
export type ProtocolErrorCode = 'too-large' | 'invalid-request' | 'unsupported-version';

/**
 * Bytes that are not a message of this protocol, or a message that it cannot carry. The only error
 * that encode, decode and `FrameReader` throw. The server answers it under the same code in
 * `brokerErrors`, and closes the connection when it came from the framing.
 */
export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;
  constructor(code: ProtocolErrorCode, message: string) {
    super(message);
    this.name = 'ProtocolError';
    this.code = code;
  }
}
