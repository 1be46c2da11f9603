// The page says nothing on the console and asks for nothing but itself.
import { inEachView, visit } from '../browser.mjs';

export const quiet = (browser, file) => inEachView(browser, file, hear, visit);

async function hear(page, { messages, requests }) {
  // These make the browser call a server before any request is seen.
  const hints = await page.evaluate(() =>
    [...document.querySelectorAll('link[rel~=preconnect], link[rel~=dns-prefetch]')].map(
      (link) => `calls ${link.href} (${link.rel})`,
    ),
  );
  return [...messages, ...requests.map((url) => `asks for ${place(url)}`), ...hints];
}

// The folder of the page is of no interest, and differs from machine to machine.
const place = (url) => (url.startsWith('file:') ? url.split('/').at(-1) : url);
