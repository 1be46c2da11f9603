// Text of a CSV file becomes its rows, each an object by column.
import { readFileSync } from 'node:fs';

// A cell, quoted or not, and what ends it.
const CELL = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/gy;

export function readCsv(file) {
  const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  const lines = [[]];
  CELL.lastIndex = 0;
  while (CELL.lastIndex < text.length) {
    const [, quoted, bare, end] = CELL.exec(text) ?? [];
    if (end === undefined) throw new Error(`${file}: line ${lines.length} is no CSV`);
    lines.at(-1).push(quoted?.replaceAll('""', '"') ?? bare);
    if (end !== ',' && CELL.lastIndex < text.length) lines.push([]);
  }
  const [heads, ...rows] = lines;
  return rows.map((cells) => Object.fromEntries(heads.map((head, at) => [head, cells[at] ?? ''])));
}
