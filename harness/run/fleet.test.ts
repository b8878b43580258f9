import { expect, test } from 'vitest';
import type { WorkerConnection } from '../load/control-server.ts';
import type { ToWorker } from '../load/control.ts';
import type { WorkerLauncher } from '../load/worker-launcher.ts';
import { parseScenario } from '../scenario/parse.ts';
import { makePlan } from '../scenario/plan.ts';
import { vocabulary } from '../vocabulary.ts';
import { Fleet } from './fleet.ts';
import type { WorkerContext } from './worker.ts';

test('each worker is told of how many partitions the topic is', async () => {
  const words = vocabulary();
  const scenario = parseScenario(
    {
      name: 'orders',
      question: 'q',
      topic: { partitions: 7 },
      workload: { producers: 2, consumers: 1 },
      phases: [{ name: 'main', duration: '5s' }],
    },
    'orders',
    words,
  );
  const plan = makePlan(scenario, {
    seed: 1,
    target: 'reference',
    cluster: 'process',
    vocabulary: words,
  });
  const told: ToWorker[] = [];
  const launch: WorkerLauncher['launch'] = ({ heard }) => {
    const connection = {
      send(message: ToWorker) {
        told.push(message);
        heard.onMessage({ type: 'ready' });
      },
    };
    setImmediate(() => heard.onHello(connection as unknown as WorkerConnection));
    return Promise.resolve({ pid: 1, startTime: 1 });
  };
  const fleet = new Fleet(plan, {
    launcher: { historyDirectory: '/nowhere', launch },
    run: 'run',
    driver: 'reference',
    clock: { carriedTo: () => Promise.resolve(undefined) },
    serving: Promise.resolve(),
    targetOf: (worker: string) => ({ addresses: [worker], token: 'secret', topic: 'orders' }),
  } as unknown as WorkerContext);
  await fleet.launch();
  expect(told).toMatchObject(
    ['producer-1', 'producer-2', 'consumer-1'].map((worker) => ({
      type: 'assign',
      target: { addresses: [worker], partitions: 7 },
    })),
  );
});
