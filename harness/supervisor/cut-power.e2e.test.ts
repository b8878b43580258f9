import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { filesBelow, forgottenOf } from '../file-system/file-ends.ts';
import { makeImage } from '../file-system/image.ts';
import { fileSystemBytesMin } from '../file-system/kinds.ts';
import { whatIsMissing } from '../file-system/trial.ts';
import { isStopped } from './process-table.ts';
import { Supervisor } from './supervisor.ts';

const trials = 10;
const logs = [0, 1, 2, 3];
const appendBytes = 1000;

/**
 * Four logs that are appended to and synced without a pause, and one that never is; what is synced
 * is told elsewhere.
 */
const writer = `
  import { openSync, writeSync } from 'node:fs';
  import { open } from 'node:fs/promises';
  const [directory, toldFile] = process.argv.slice(1);
  const told = openSync(toldFile, 'w');
  const bytes = Buffer.alloc(${appendBytes}, 'x');
  const unsynced = openSync(directory + '/unsynced', 'a');
  setInterval(() => writeSync(unsynced, bytes), 1);
  for (const log of ${JSON.stringify(logs)}) {
    const file = await open(directory + '/log-' + log, 'a');
    void (async () => {
      for (let appends = 1; ; appends++) {
        await file.write(bytes);
        await file.datasync();
        writeSync(told, log + ' ' + appends + '\\n');
      }
    })();
  }
  console.log('ready');
  process.stdin.resume().on('end', () => process.exit(0));
`;

/** Of `writer`: how many logs have something that is synced. */
function logsTold(file: string): number {
  return new Set(readFileSync(file, 'utf8').match(/^\d+/gm)).size;
}

for (const fileSystem of ['ext4', 'xfs'] as const) {
  const missing = await whatIsMissing(fileSystem, tmpdir());
  const title = `on ${fileSystem}${missing === undefined ? '' : ` (skipped: ${missing})`}`;
  describe.skipIf(missing !== undefined)(title, () => {
    let folder: string;
    let supervisor: Supervisor;

    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'ackworth-cut-power-'));
      const nothing = (): void => undefined;
      supervisor = new Supervisor({
        run: 'cut',
        directory: folder,
        onExit: nothing,
        onLost: nothing,
      });
    });

    afterEach(async () => {
      expect(await supervisor.close()).toEqual([]);
      rmSync(folder, { recursive: true });
    });

    test('a power cut takes what a sync had not covered yet, and nothing that one had', async () => {
      const mounted = {
        image: join(folder, 'image'),
        directory: join(folder, 'mounted'),
        fileSystem,
      };
      const data = join(mounted.directory, 'data');
      mkdirSync(mounted.directory);
      await makeImage(mounted.image, fileSystem, fileSystemBytesMin[fileSystem]);
      for (let trial = 0; trial < trials; trial++) {
        await supervisor.mount(mounted);
        rmSync(data, { recursive: true, force: true });
        mkdirSync(data);
        const told = join(folder, `told-${trial}`);
        const { process: identity } = await supervisor.spawn({
          name: 'writer',
          command: process.execPath,
          arguments: ['--input-type=module', '-e', writer, data, told],
          logFile: join(folder, 'writer.log'),
        });
        await supervisor.firstLine('writer', 10_000);
        // Each log has a synced append then: a slow machine takes a while to the first.
        while (logsTold(told) < logs.length) await sleep(5);
        await supervisor.armShutDown(mounted.directory);
        await sleep(100 + Math.random() * 50);
        const { ends } = await supervisor.cutPower({
          name: 'writer',
          directory: mounted.directory,
          files: filesBelow(data),
        });
        expect(isStopped(identity)).toBe(true);
        const synced = new Map(
          readFileSync(told, 'utf8')
            .trim()
            .split('\n')
            .map((line) => line.split(' ').map(Number) as [number, number]),
        );
        await supervisor.kill('writer');
        await supervisor.unmount(mounted.directory);
        await supervisor.mount(mounted);
        for (const [log, appends] of synced) {
          const { size } = statSync(join(data, `log-${log}`));
          expect(size).toBeGreaterThanOrEqual(appends * appendBytes);
        }
        const { missing, changed } = forgottenOf(ends);
        expect(missing + changed).toBeGreaterThan(0);
        await supervisor.unmount(mounted.directory);
      }
    });
  });
}
