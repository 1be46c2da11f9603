// With Tab and Enter alone, all that can be used is reached, in order and in sight.
import { SCHEMES, visit } from '../browser.mjs';

export async function keyboard(browser, file) {
  const findings = new Set();
  for (const scheme of SCHEMES)
    for (const finding of await visit(browser, file, { scheme }, tabThrough)) findings.add(finding);
  for (const finding of await visit(browser, file, {}, skip)) findings.add(finding);
  return [...findings];
}

async function tabThrough(page) {
  const findings = [];
  await page.evaluate(watch);
  for (;;) {
    await page.keyboard.press('Tab');
    const focus = await page.evaluate(() => focused());
    if (!focus) break;
    findings.push(...focus.findings);
    if (focus.seen) break;
    if (!focus.details) continue;
    await page.keyboard.press('Enter');
    if (!(await page.evaluate(() => toggled())))
      findings.push(`${focus.details} does not open with Enter`);
  }
  return [...findings, ...(await page.evaluate(() => missed()))];
}

// What stands before the content is passed over by the first link.
async function skip(page) {
  await page.keyboard.press('Tab');
  const target = await page.evaluate(() => {
    const href = document.activeElement.getAttribute('href') ?? '';
    const target = href.length > 1 && document.getElementById(href.slice(1));
    const main = document.querySelector('main');
    return target && main && (target.contains(main) || main.contains(target)) ? href : null;
  });
  if (!target) return ['the first Tab finds no link to the content of `main`'];
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  return page.evaluate((href) => {
    const target = document.getElementById(href.slice(1));
    const next = document.activeElement;
    // After a content without links, Tab begins again.
    if (next === document.body || next.getAttribute('href') === href) return [];
    const follows = target.compareDocumentPosition(next) & Node.DOCUMENT_POSITION_FOLLOWING;
    return follows ? [] : [`${nameOf(next)} is reached after the skip link to ${href}`];
  }, target);
}

// Runs in the page, once; the functions it leaves there are called between keys.
function watch() {
  const visited = [];
  const ink = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    ink.clearRect(0, 0, 1, 1);
    ink.fillStyle = colour;
    ink.fillRect(0, 0, 1, 1);
    return [...ink.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour) => {
    const [red, green, blue] = colour.slice(0, 3).map((byte) => {
      const part = byte / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    for (let box = element.parentElement; box; box = box.parentElement) {
      const colour = rgba(getComputedStyle(box).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return rgba('Canvas');
  };
  // WCAG 2.1, 1.4.11: what shows a state differs by 3:1 from what is beside it.
  const outlined = (element) => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
    if (outlineStyle === 'none' || parseFloat(outlineWidth) < 1) return false;
    if (outlineStyle === 'auto') return true; // the browser's own, in two colours
    const colour = rgba(outlineColor);
    const lights = [luminance(colour), luminance(behind(element))].sort((a, b) => b - a);
    return colour[3] > 127 && (lights[0] + 0.05) / (lights[1] + 0.05) >= 3;
  };
  const inSight = (element) => {
    const box = element.getClientRects()[0];
    if (!box) return false;
    const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
    const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
    if (right - left < 1 || bottom - top < 1) return false;
    // The middle of a shape on a map may belong to its neighbour: one of 25 points is enough.
    const parts = [0.1, 0.3, 0.5, 0.7, 0.9];
    return parts.some((down) =>
      parts.some((across) => {
        const [x, y] = [left + across * (right - left), top + down * (bottom - top)];
        const there = document.elementFromPoint(x, y);
        return there !== null && (element.contains(there) || there.contains(element));
      }),
    );
  };
  globalThis.focused = () => {
    const element = document.activeElement;
    // After the last, Tab leaves the page or begins again; a trap before it is told by `missed`.
    if (!element || element === document.body || element === visited[0]) return null;
    const name = nameOf(element);
    if (visited.includes(element))
      return { seen: true, findings: [`Tab goes in circles: back at ${name}`] };
    const findings = [];
    const last = visited.at(-1);
    if (last && !(last.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING))
      findings.push(`${name} is reached after ${nameOf(last)}, which follows it`);
    if (!inSight(element)) findings.push(`${name} has the focus out of sight`);
    else if (!outlined(element)) findings.push(`${name} does not show the focus`);
    visited.push(element);
    const { parentElement: parent } = element;
    const opens = element.localName === 'summary' && parent.localName === 'details' && !parent.open;
    return { seen: false, findings, details: opens ? nameOf(parent) : null };
  };
  globalThis.toggled = () => document.activeElement.parentElement.open;
  globalThis.missed = () => {
    const usable = 'a[href], button, input, select, textarea, summary';
    return [...document.querySelectorAll(`${usable}, [tabindex]:not([tabindex^="-"])`)]
      .filter(
        (element) =>
          !visited.includes(element) &&
          !element.disabled &&
          // One button of a group takes the focus; arrows reach the others.
          !(element.type === 'radio' && visited.some(({ name }) => name === element.name)) &&
          element.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true }),
      )
      .map((element) => `${nameOf(element)} is not reached by Tab`);
  };
}
