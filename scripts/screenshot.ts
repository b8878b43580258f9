// Pictures of a report for the README: node dist/scripts/screenshot.js [report.html] [folder].
// Needs a Chromium on the machine; writes <folder>/report-light.png and <folder>/report-dark.png.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const [report = 'runs/latest/report.html', folder = 'docs/images'] = process.argv.slice(2);
const viewport = { width: 1280, height: 1180 };

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
    const path = join(folder, `report-${colorScheme}.png`);
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
