// Each drawing is an image with a name, or hidden from those who cannot see it; it holds its text.
import { inEachView } from '../browser.mjs';

export const drawings = (browser, file) =>
  inEachView(browser, file, (page) =>
    page.evaluate(() => {
      const named = (svg) => {
        const labels = (svg.getAttribute('aria-labelledby') ?? '').split(/\s+/).filter(Boolean);
        const texts = labels.map((id) => document.getElementById(id)?.textContent ?? '');
        const title = svg.querySelector(':scope > title')?.textContent ?? '';
        return [...texts, svg.getAttribute('aria-label') ?? '', title].join('').trim() !== '';
      };
      const cut = (svg) => {
        if (getComputedStyle(svg).overflow === 'visible') return [];
        const { left, right, top, bottom } = svg.getBoundingClientRect();
        return [...svg.querySelectorAll('text')].filter((text) => {
          const box = text.getBoundingClientRect();
          // Boxes of letters are higher than the letters.
          const high = box.height / 4;
          const aside = box.left < left - 1 || box.right > right + 1;
          return box.width > 0 && (aside || box.top < top - high || box.bottom > bottom + high);
        });
      };
      const drawings = [...document.querySelectorAll('svg')].filter(
        (svg) => !svg.parentElement.closest('svg'),
      );
      return drawings.flatMap((svg) => {
        const findings = cut(svg).map((text) => `${nameOf(text)} is cut off`);
        if (svg.closest('[aria-hidden=true]')) return findings;
        if (svg.getAttribute('role') !== 'img') findings.push(`${nameOf(svg)} has not role=img`);
        else if (!named(svg)) findings.push(`${nameOf(svg)} has no name`);
        return findings;
      });
    }),
  );
