// The pages to test: PAGES lists files, else WAREHOUSE has a release and reports.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const pagesIn = (folder) =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith('.html'))
        .sort()
        .map((name) => join(folder, name))
    : [];

export function givenPages({ PAGES, WAREHOUSE } = process.env) {
  if (PAGES) return PAGES.trim().split(/\s+/).map((file) => resolve(file));
  const warehouse = resolve(WAREHOUSE ?? 'warehouse');
  // All reports are made alike: the last one stands for them.
  const [report] = pagesIn(join(warehouse, 'reports')).sort(
    (one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs,
  );
  const pages = pagesIn(join(warehouse, 'releases/latest'));
  return report ? [...pages, report] : pages;
}
