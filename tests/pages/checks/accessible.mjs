// axe-core knows most of what WCAG 2.1 AA, and so RGAA, lets a machine judge.
import { readFileSync } from 'node:fs';

import { inEachView, require } from '../browser.mjs';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'];

export const accessible = (browser, file) =>
  inEachView(browser, file, async (page) => {
    if (await page.evaluate(() => !globalThis.axe)) await page.evaluate(AXE);
    await page.evaluate(sayCanvas);
    const violations = await page.evaluate(async (values) => {
      const runOnly = { type: 'tag', values };
      return (await axe.run(document, { runOnly, resultTypes: ['violations'] })).violations;
    }, TAGS);
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ target, any, all, none }) => {
          const [{ message }] = [...none, ...all, ...any];
          return `${id} at ${target.join(' ')}: ${message}`;
        }),
      );
  });

// axe-core takes a page without background for white, even where the browser paints it dark.
function sayCanvas() {
  const { documentElement: root, body } = document;
  const bare = (element) => getComputedStyle(element).backgroundColor === 'rgba(0, 0, 0, 0)';
  if (bare(root) && bare(body)) root.style.backgroundColor = 'Canvas';
}
