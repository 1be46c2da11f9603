// Pages that conum wrote pass every check.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { basename } from 'node:path';

import { start } from './browser.mjs';
import { CHECKS } from './checks/all.mjs';
import { givenPages } from './given.mjs';

const pages = givenPages();
let browser;
before(async () => (browser = await start()));
after(() => browser.close());

test('pages are given', () =>
  assert.ok(pages.length, 'no page: PAGES lists files, or WAREHOUSE has a release'));

for (const file of pages)
  describe(basename(file), () => {
    for (const [name, check] of Object.entries(CHECKS))
      test(name, async () => {
        const findings = await check(browser, file);
        assert.equal(findings.length, 0, `${file}\n  ${findings.join('\n  ')}`);
      });
  });
