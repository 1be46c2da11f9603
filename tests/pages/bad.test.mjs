// Each check can fail: a bad page is found for what its first comment says, and nothing else.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { start } from './browser.mjs';
import { CHECKS } from './checks/all.mjs';
import { MOST_BYTES } from './checks/weight.mjs';

const BAD = join(import.meta.dirname, 'bad');
let browser;
before(async () => (browser = await start()));
after(() => browser.close());

async function findings(file) {
  const found = [];
  for (const [name, check] of Object.entries(CHECKS))
    for (const finding of await check(browser, file)) found.push(`${name}: ${finding}`);
  return found;
}

const pages = readdirSync(BAD, { recursive: true }).filter((name) => name.endsWith('.html'));
const expected = (name) => {
  const [, comment] = /<!--(.*?)-->/s.exec(readFileSync(join(BAD, name), 'utf8'));
  return comment.split('\n').map((line) => line.trim()).filter(Boolean);
};

for (const name of pages.sort())
  test(name, async () => assert.deepEqual(await findings(join(BAD, name)), expected(name)));

test('each check has its bad page', () => {
  const told = new Set(pages.flatMap(expected).map((finding) => finding.split(': ')[0]));
  told.add('weight'); // its page is made below
  assert.deepEqual([...told].sort(), Object.keys(CHECKS).sort());
});

test('a page of more than 1.5 MB', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'conum-heavy-'));
  try {
    const file = join(folder, 'none.html');
    const sound = readFileSync(join(BAD, 'none.html'), 'utf8');
    writeFileSync(file, sound.replace('</body>', `<!--${'x'.repeat(MOST_BYTES)}--></body>`));
    const [finding, ...more] = await findings(file);
    assert.match(finding, /^weight: 150\d{4} bytes, more than 1500000$/);
    assert.deepEqual(more, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
