// Pages become pictures, to be looked at: `node screenshots.mjs FOLDER`.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

import { VIEWS, look, start } from './browser.mjs';
import { givenPages } from './given.mjs';
import { printTo } from './pdf.mjs';

// Chromium draws no picture that is higher.
const MOST_PIXELS = 16_000;
const FIRST_SHEETS = 4;

const folder = resolve(process.argv[2]);
mkdirSync(folder, { recursive: true });
const pages = givenPages();
if (!pages.length) throw new Error('no page: PAGES lists files, or WAREHOUSE has a release');
const browser = await start();
try {
  for (const file of pages) {
    const stem = join(folder, basename(file, '.html'));
    for (const view of VIEWS)
      await look(browser, file, view, async (page) => {
        const { width } = view;
        const full = await page.evaluate(() => document.documentElement.scrollHeight);
        const clip = { x: 0, y: 0, width, height: Math.min(full, MOST_PIXELS) };
        const path = `${stem}-${width}-${view.scheme}.png`;
        await page.screenshot({ path, fullPage: true, clip });
      });
    await printTo(browser, file, `${stem}.pdf`);
    execFileSync('pdftoppm', ['-png', '-r', '70', '-l', FIRST_SHEETS, `${stem}.pdf`, `${stem}-a4`]);
  }
} finally {
  await browser.close();
}
process.stdout.write(`${pages.length} pages, pictures in ${folder}\n`);
