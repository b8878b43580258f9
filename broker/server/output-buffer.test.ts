import { expect, test } from 'vitest';
import { encodeResponse } from '../protocol/messages.ts';
import { OutputBuffer } from './output-buffer.ts';

test('answers leave in the order they were given, as the codec writes them', () => {
  const output = new OutputBuffer();
  const expected: Uint8Array[] = [];
  for (let turn = 0; turn < 3; turn++) {
    for (let id = 0; id < 1500; id++) {
      const response = { baseOffset: id * 7, term: turn };
      if (id % 100 === 0) {
        const chunks = encodeResponse('openCursor', id, { offset: id });
        output.chunks(chunks);
        expected.push(...chunks);
      } else {
        output.produceResponse(id, response.baseOffset, response.term);
        expected.push(...encodeResponse('produce', id, response));
      }
    }
    const bytes = Buffer.concat(expected.splice(0));
    expect(output.bytes).toBe(bytes.length);
    expect(Buffer.concat(output.take()).equals(bytes)).toBe(true);
    expect(output.bytes).toBe(0);
  }
});
