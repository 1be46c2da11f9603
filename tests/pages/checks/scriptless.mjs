// Without scripts the same text is there to read.
import { look, visit } from '../browser.mjs';

export async function scriptless(browser, file) {
  const read = (page) => page.evaluate(() => document.body.innerText);
  const lines = (text) => text.split('\n').filter((line) => line.trim());
  const on = lines(await look(browser, file, {}, read));
  const off = lines(await visit(browser, file, { scripts: false }, read));
  const at = on.findIndex((line, at) => line !== off[at]);
  if (at < 0 && on.length === off.length) return [];
  const first = at < 0 ? on.length : at;
  const said = (text) => (first < text.length ? `\`${text[first]}\`` : 'nothing');
  return [`line ${first + 1} is ${said(on)}, without scripts ${said(off)}`];
}
