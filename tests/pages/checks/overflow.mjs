// No reader scrolls sideways: what sticks out of the window is told.
import { inEachView } from '../browser.mjs';

export const overflow = (browser, file) => inEachView(browser, file, sticksOut);

/** Innermost elements that make the page wider than its window; for print too. */
export function sticksOut(page) {
  return page.evaluate(() => {
    const root = document.scrollingElement;
    if (root.scrollWidth <= root.clientWidth) return [];
    // A box that scrolls by itself holds what is wider than it.
    const held = (element) => {
      for (let box = element.parentElement; box && box !== root; box = box.parentElement)
        if (box !== document.body && getComputedStyle(box).overflowX !== 'visible') return true;
      return false;
    };
    const out = [...document.body.querySelectorAll('*')].filter(
      (element) =>
        element.getBoundingClientRect().right > root.clientWidth + 0.5 && !held(element),
    );
    const holds = (one) => out.some((other) => one !== other && one.contains(other));
    const innermost = out.filter((one) => !holds(one));
    const names = innermost.slice(0, 3).map((element) => `${nameOf(element)} sticks out`);
    return names.length ? names : ['the page is wider than its window'];
  });
}
