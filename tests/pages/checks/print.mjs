// On paper nothing is cut off, no sheet is blank, and what the style opens is open.
import { look } from '../browser.mjs';
import { sheetsOf } from '../pdf.mjs';
import { sticksOut } from './overflow.mjs';

const MOST_SHEETS = 60;
// A4 at 96 dots an inch: the whole sheet, and within margins of 15 mm.
const WIDTHS = [794, 680];

export async function print(browser, file) {
  const findings = new Set();
  for (const width of WIDTHS)
    for (const judge of [sticksOut, cutOff, closed])
      for (const finding of await look(browser, file, { width, media: 'print' }, judge))
        findings.add(finding);
  const sheets = await sheetsOf(browser, file);
  if (sheets.length > MOST_SHEETS)
    findings.add(`${sheets.length} sheets of A4, more than ${MOST_SHEETS}`);
  sheets.forEach((text, at) => text.trim() || findings.add(`sheet ${at + 1} is blank`));
  return [...findings];
}

// Paper does not scroll.
const cutOff = (page) =>
  page.evaluate(() =>
    [...document.body.querySelectorAll('*')]
      .filter((box) => {
        // What only a screen reader shall find is one pixel wide.
        const cuts = box.clientWidth > 1 && getComputedStyle(box).overflowX !== 'visible';
        return cuts && box.scrollWidth > box.clientWidth + 1;
      })
      .map((box) => `${nameOf(box)} is cut off`),
  );

// A page may leave `details` as the reader has them; if its print style names them, they open.
const closed = (page) =>
  page.evaluate(() => {
    const styles = [...document.querySelectorAll('style')];
    const rules = styles.flatMap(({ sheet }) => [...sheet.cssRules]);
    const opens = rules.some(
      (rule) => rule.media?.mediaText.includes('print') && rule.cssText.includes('details'),
    );
    if (!opens) return [];
    return [...document.querySelectorAll('details')]
      .filter((details) =>
        [...details.children].some(
          (child) =>
            child.localName !== 'summary' &&
            (child.getClientRects().length === 0 || !child.checkVisibility()),
        ),
      )
      .map((details) => `${nameOf(details)} is closed`);
  });
