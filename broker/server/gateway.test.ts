import { afterEach, describe, expect, test } from 'vitest';
import { TestCluster, testToken } from './testing/test-cluster.ts';

let cluster: TestCluster;
afterEach(() => cluster.close());

async function start(): Promise<string> {
  cluster = await TestCluster.start(1, { gatewayListenAddress: '127.0.0.1:0' });
  return `http://${cluster.running[0]!.gatewayAddress}`;
}

async function call(
  url: string,
  method = 'GET',
  body?: unknown,
  token?: string,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
  });
  return { status: response.status, body: await response.json() };
}

describe('the gateway', () => {
  test('takes records as JSON and gives them back', async () => {
    const url = await start();
    await cluster.createTopic();
    const records = `${url}/v1/topics/orders/partitions/0/records`;
    const produced = await call(records, 'POST', {
      records: [
        { key: 'k', value: 'one' },
        { value: '/w==', encoding: 'base64' },
      ],
    });
    expect(produced).toMatchObject({ status: 200, body: { baseOffset: 0 } });
    expect(await call(`${records}?offset=0`)).toMatchObject({
      status: 200,
      body: {
        highWatermark: 2,
        nextOffset: 2,
        records: [{ offset: 0, key: 'k', value: 'one' }, {}],
      },
    });
    expect(await call(`${records}?offset=1&encoding=base64`)).toMatchObject({
      body: { records: [{ offset: 1, value: '/w==' }] },
    });
    expect(await call(`${url}/v1/topics/orders/partitions/0/offsets`)).toMatchObject({
      body: { logStartOffset: 0, highWatermark: 2 },
    });
  });

  test('waits for a record as long as it is asked to', async () => {
    const url = await start();
    await cluster.createTopic();
    const records = `${url}/v1/topics/orders/partitions/0/records`;
    const waiting = call(`${records}?waitMs=20000`);
    await call(records, 'POST', { records: [{ value: 'late' }] });
    expect(await waiting).toMatchObject({ body: { records: [{ value: 'late' }] } });
  });

  test('keeps cursors', async () => {
    const url = await start();
    await cluster.createTopic();
    const cursor = `${url}/v1/topics/orders/partitions/0/cursors/a%20group`;
    expect(await call(cursor, 'POST', { generation: 1 })).toEqual({
      status: 200,
      body: { offset: -1 },
    });
    expect(await call(cursor, 'PUT', { generation: 1, offset: 3 })).toMatchObject({ status: 200 });
    expect(await call(cursor, 'POST', { generation: 2 })).toMatchObject({ body: { offset: 3 } });
    expect(await call(cursor, 'PUT', { generation: 1, offset: 9 })).toMatchObject({ status: 409 });
  });

  test('creates a topic for holders of the token only', async () => {
    const url = await start();
    await cluster.createTopic();
    const topic = { name: 'events', partitions: 2 };
    expect(await call(`${url}/v1/topics`, 'POST', topic)).toMatchObject({ status: 401 });
    expect(await call(`${url}/v1/topics`, 'POST', topic, 'guess')).toMatchObject({ status: 401 });
    expect(await call(`${url}/v1/topics`, 'POST', topic, testToken)).toMatchObject({ status: 201 });
    expect(await call(`${url}/v1/topics/events`)).toMatchObject({
      status: 200,
      body: { config: { name: 'events', partitions: 2 } },
    });
  });

  test('says in one sentence what is wrong with a request', async () => {
    const url = await start();
    await cluster.createTopic();
    const records = `${url}/v1/topics/orders/partitions/0/records`;
    const wrong = async (body: unknown): Promise<unknown> => {
      const answer = await call(records, 'POST', body);
      expect(answer.status).toBe(400);
      return (answer.body as { error: { message: string } }).error.message;
    };
    expect(await wrong([])).toBe('the body is not a JSON object');
    expect(await wrong({})).toBe('"records" must be a list');
    expect(await wrong({ records: [{ value: 1 }] })).toBe('"value" must be a string');
    expect(await wrong({ records: [7] })).toBe('"records[0]" is not a JSON object');
    expect(await call(`${url}/v1/topics/none`)).toMatchObject({ status: 404 });
    expect(await call(`${url}/nothing`)).toMatchObject({ status: 400 });
    const large = { records: [{ value: 'x'.repeat(5 * 1024 * 1024) }] };
    expect(await call(records, 'POST', large)).toMatchObject({ status: 413 });
  });

  test('shows its health and its metrics', async () => {
    const url = await start();
    const topicId = await cluster.createTopic();
    expect(await call(`${url}/healthz`)).toMatchObject({ status: 200, body: { status: 'ok' } });
    await call(`${url}/v1/topics/orders/partitions/0/records`, 'POST', {
      records: [{ value: '' }],
    });
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain('ackworth_batches_acked_total 1\n');
    expect(text).toContain(`ackworth_high_watermark{group="${topicId * 65_536 + 1}"} 1\n`);
  });
});
