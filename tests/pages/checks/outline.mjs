// Who listens to the page, or jumps from heading to heading, hears its language and its order.
import { look } from '../browser.mjs';

export const outline = (browser, file) =>
  look(browser, file, {}, (page) =>
    page.evaluate(() => {
      const findings = [];
      const { lang } = document.documentElement;
      if (!/^fr(-|$)/.test(lang)) findings.push(`the language is \`${lang}\`, not \`fr\``);
      if (!document.title.trim()) findings.push('the page has no title');
      const window = document.querySelector('meta[name=viewport]')?.content ?? '';
      if (!window.includes('width=device-width')) findings.push('phones are not told the width');
      const mains = document.querySelectorAll('h1').length;
      if (mains !== 1) findings.push(`${mains} h1, not one`);
      let above = 0;
      for (const heading of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
        const level = Number(heading.localName[1]);
        if (!heading.textContent.trim()) findings.push(`${nameOf(heading)} is empty`);
        // The first heading may be that of a banner, above the h1.
        if (above && level > above + 1) findings.push(`${nameOf(heading)} follows h${above}`);
        above = level;
      }
      return findings;
    }),
  );
