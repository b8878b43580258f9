import autocannon from 'autocannon';
import { createServer } from 'node:http';
import { startBenchCluster } from './broker-nodes.ts';
import type { BenchRow } from './row.ts';

const seconds = 5;
const connections = 20;
const body = JSON.stringify({ records: [{ key: 'k', value: 'x'.repeat(100) }] });

/**
 * The HTTP gateway under autocannon: one record of 100 bytes per request, one node, flush `os`.
 * The probe is a bare `node:http` server that reads the same body and answers as many bytes.
 */
export async function gatewayBench(): Promise<BenchRow[]> {
  const probe = await probeRate();
  const cluster = await startBenchCluster({
    nodes: 1,
    topic: { flush: 'os', replication: 'none' },
  });
  try {
    const url = `http://127.0.0.1:${cluster.gatewayPort}/v1/topics/bench/partitions/0/records`;
    const { requests, latency, non2xx, errors } = await load(url);
    const clean = non2xx === 0 && errors === 0;
    return [
      {
        name: 'gateway, one record per request',
        value: requests.average,
        unit: 'requests/s',
        probe: probe.requests.average,
        ratio: requests.average / probe.requests.average,
        goal: 'no error',
        met: clean,
      },
      {
        name: 'gateway, response p99',
        value: latency.p99,
        unit: 'ms',
        probe: probe.latency.p99,
        ratio: null,
        goal: '-',
        met: true,
      },
    ];
  } finally {
    await cluster.close();
  }
}

async function probeRate(): Promise<autocannon.Result> {
  const answer = JSON.stringify({ baseOffset: 123_456, term: 1 });
  const server = createServer((request, response) => {
    request.on('data', () => {});
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the probe has no port');
  try {
    return await load(`http://127.0.0.1:${address.port}/`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function load(url: string): Promise<autocannon.Result> {
  return await autocannon({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    connections,
    duration: seconds,
  });
}
