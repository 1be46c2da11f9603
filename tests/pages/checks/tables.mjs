// Each table says what it shows, and each head what it is the head of.
import { look } from '../browser.mjs';

export const tables = (browser, file) =>
  look(browser, file, {}, (page) =>
    page.evaluate(() => {
      const findings = [];
      for (const table of document.querySelectorAll('table')) {
        if (!table.caption?.textContent.trim()) findings.push(`${nameOf(table)} has no caption`);
        const heads = [...table.querySelectorAll('th')];
        if (!heads.length) findings.push(`${nameOf(table)} has no head`);
        for (const head of heads)
          if (!['row', 'col', 'rowgroup', 'colgroup'].includes(head.scope))
            findings.push(`${nameOf(head)} has no scope`);
      }
      return findings;
    }),
  );
