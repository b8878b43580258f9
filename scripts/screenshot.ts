// Pictures of the first screen of a report, for the README:
//   node dist/scripts/screenshot.js [report.html] [--folder docs/images] [--name report] [--height 1180]
// Needs a Chromium on the machine; writes <folder>/<name>-light.png and <folder>/<name>-dark.png.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: 'string', default: 'docs/images' },
    name: { type: 'string', default: 'report' },
    /** CSS pixels. */
    height: { type: 'string', default: '1180' },
  },
});
const { folder, name } = values;
const [report = 'runs/latest/report.html'] = positionals;
const viewport = { width: 1280, height: Number(values.height) };
if (!(viewport.height > 0)) fail(`--height ${values.height} is not a number of pixels.`);

const executablePath = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));
if (executablePath === undefined) fail('No Chromium found; install one, or name it in CHROMIUM.');
if (!existsSync(report))
  fail(`${report} does not exist; run \`npm start\` first, or name a report.`);

await mkdir(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
try {
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({
      viewport,
      colorScheme,
      deviceScaleFactor: 2,
      offline: true,
      javaScriptEnabled: false,
    });
    const page = await context.newPage();
    await page.goto(pathToFileURL(resolve(report)).href);
    const path = join(folder, `${name}-${colorScheme}.png`);
    await page.screenshot({ path });
    console.log(path);
    await context.close();
  }
} finally {
  await browser.close();
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
