// The page on A4, as a reader prints it: its file, and the text of each sheet.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { look } from './browser.mjs';

// Where the page sets no margins, these are those of Chromium's own dialogue.
const MARGIN = { top: '1cm', right: '1cm', bottom: '1cm', left: '1cm' };
const PAPER = { format: 'A4', margin: MARGIN, preferCSSPageSize: true };

export const printTo = (browser, file, path) =>
  look(browser, file, { media: 'print' }, (page) =>
    page.pdf({ path, ...PAPER, printBackground: true }),
  );

export async function sheetsOf(browser, file) {
  const folder = mkdtempSync(join(tmpdir(), 'conum-pages-'));
  try {
    const path = join(folder, 'page.pdf');
    await printTo(browser, file, path);
    const text = execFileSync('pdftotext', ['-layout', path, '-'], { encoding: 'utf8' });
    return text.split('\f').slice(0, -1); // each sheet ends with a form feed
  } finally {
    rmSync(folder, { recursive: true });
  }
}
