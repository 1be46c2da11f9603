// A page becomes JSON, for tests in other languages: `node read.mjs PAGE`.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { look, start } from './browser.mjs';

/** Tables as shown, and the text of each element that names the released figure it shows. */
export const readPage = (browser, file) =>
  look(browser, file, {}, (page) =>
    page.evaluate(() => {
      // No-break spaces are part of a number; line ends of the source are not.
      const text = (element) => element.textContent.replace(/[ \t\r\n]+/g, ' ').trim();
      const cells = (row) => [...row.cells].map(text);
      const isHead = (row) => [...row.cells].every(({ localName }) => localName === 'th');
      const tables = [...document.querySelectorAll('table')].map((table) => {
        const rows = [...table.rows];
        return {
          caption: table.caption ? text(table.caption) : '',
          heads: rows.filter(isHead).map(cells),
          rows: rows.filter((row) => !isHead(row)).map(cells),
        };
      });
      const figures = [...document.querySelectorAll('[data-figure]')].map((element) => ({
        figure: element.getAttribute('data-figure'),
        text: text(element),
      }));
      return { tables, figures };
    }),
  );

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const browser = await start();
  try {
    const page = await readPage(browser, resolve(process.argv[2]));
    process.stdout.write(`${JSON.stringify(page, null, 1)}\n`);
  } finally {
    await browser.close();
  }
}
