// Each link leads somewhere: to one place of the page, or to a file beside it.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { look } from '../browser.mjs';

export async function links(browser, file) {
  const { findings, files } = await look(browser, file, {}, (page) =>
    page.evaluate(() => {
      const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
      const twice = new Set(ids.filter((id, at) => ids.indexOf(id) !== at));
      const findings = [...twice].map((id) => `two elements are \`${id}\``);
      const files = [];
      for (const link of document.querySelectorAll('a, area')) {
        const href = link.getAttribute('href') ?? link.getAttribute('xlink:href');
        if (href === null) continue;
        if (href.startsWith('#')) {
          // The browser scrolls up for these two, but the first is mostly a link left unwritten.
          const there = href === '#top' || ids.includes(decodeURIComponent(href.slice(1)));
          if (!there) findings.push(`${nameOf(link)} leads nowhere: ${href}`);
        } else if (!/^[a-z][a-z0-9+.-]*:|^\/\//i.test(href)) {
          files.push([nameOf(link), href]);
        } else if (!/^(https?|mailto|tel):/i.test(href)) {
          findings.push(`${nameOf(link)} leads out of the page's folder: ${href}`);
        }
      }
      return { findings, files };
    }),
  );
  for (const [name, href] of files) {
    const path = decodeURIComponent(href.split(/[?#]/)[0]);
    if (path.startsWith('/') || !existsSync(join(dirname(file), path)))
      findings.push(`${name} leads to a file that is not there: ${href}`);
  }
  return findings;
}
