// Opens a page from file:// as its reader would, and hears what it says and asks for.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// `import` reads no NODE_PATH, and packages lie outside of the sources.
export const require = createRequire(import.meta.url);
const { chromium } = require('playwright-core');

export const WIDTHS = [360, 768, 1440];
export const SCHEMES = ['light', 'dark'];
export const VIEWS = WIDTHS.flatMap((width) => SCHEMES.map((scheme) => ({ width, scheme })));

/** Starts Chromium with a profile of its own, which ends with it. */
export function start() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox', // root has no other way
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Gives `use` the page just opened, which it may change, and what was heard meanwhile. */
export async function visit(browser, file, view, use) {
  const tab = await tabOf(browser, view.scripts ?? true);
  await turn(tab, view);
  await load(tab, file);
  tab.file = null; // what is changed is no more looked at
  return use(tab.page, tab.heard);
}

/** Gives `use` the page to look at but not to change: opened once for all looks at it. */
export async function look(browser, file, view, use) {
  const tab = await tabOf(browser, true);
  if (tab.file !== file) await load(tab, file);
  await turn(tab, view);
  return use(tab.page);
}

async function turn({ page }, { width = 1440, scheme = 'light', media = 'screen' }) {
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ media, colorScheme: scheme });
}

async function load(tab, file) {
  tab.file = file;
  tab.url = pathToFileURL(file).href;
  tab.heard = { messages: [], requests: [] };
  await tab.page.goto(tab.url, { waitUntil: 'load' });
}

// One tab with scripts and one without: to open a tab takes longer than all that is read in it.
const tabs = new WeakMap();

async function tabOf(browser, scripts) {
  if (!tabs.has(browser)) tabs.set(browser, {});
  return (tabs.get(browser)[scripts] ??= await newTab(browser, scripts));
}

async function newTab(browser, javaScriptEnabled) {
  const context = await browser.newContext({ javaScriptEnabled, locale: 'fr-FR' });
  await context.addInitScript(nameElements);
  const page = await context.newPage();
  const tab = { page, file: null };
  await context.route('**/*', (route) => {
    const asked = route.request().url();
    if (asked === tab.url || asked.startsWith('data:')) return route.continue();
    tab.heard.requests.push(asked);
    return route.abort();
  });
  const say = (kind, text) => tab.heard.messages.push(`${kind}: ${text}`);
  page.on('pageerror', (error) => say('error', error.message));
  page.on('console', (said) => {
    // A request that was refused is told as a request.
    if (tab.heard.requests.includes(said.location().url)) return;
    if (['error', 'warning', 'assert'].includes(said.type())) say(said.type(), said.text());
  });
  return tab;
}

/** Findings of `judge` in all views; those of some views only say which. */
export async function inEachView(browser, file, judge, open = look) {
  const seen = new Map();
  for (const view of VIEWS) {
    const findings = await open(browser, file, view, judge);
    for (const finding of new Set(findings))
      seen.set(finding, [...(seen.get(finding) ?? []), `${view.width} ${view.scheme}`]);
  }
  return [...seen].map(([finding, views]) =>
    views.length === VIEWS.length ? finding : `${finding} (${views.join(', ')})`,
  );
}

// Runs in the page: a short selector that a person finds again.
function nameElements() {
  globalThis.nameOf = (element) => {
    if (element.id) return `${element.localName}#${element.id}`;
    const parent = element.parentElement;
    if (!parent || element === document.body) return element.localName;
    const alike = [...parent.children].filter((child) => child.localName === element.localName);
    const place = alike.length > 1 ? `:nth-of-type(${alike.indexOf(element) + 1})` : '';
    const above = parent === document.body ? '' : `${globalThis.nameOf(parent)} > `;
    return `${above}${element.localName}${place}`;
  };
}
