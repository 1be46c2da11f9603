// Each figure shown is that of the released CSV file beside the page.
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { readCsv } from '../csv.mjs';
import { inUnit, parseFrench } from '../french.mjs';
import { readPage } from '../read.mjs';

// The dictionary tells what columns mean; no figure of a release stands in it.
const FIGURELESS = ['dictionnaire.html'];

export async function figures(browser, file) {
  const { figures } = await readPage(browser, file);
  const folder = dirname(file);
  const released = readdirSync(folder).some((name) => name.endsWith('.csv'));
  if (!figures.length && released && !FIGURELESS.includes(basename(file)))
    return ['no element has `data-figure`, though released tables lie beside the page'];
  const tables = new Map();
  const rowsOf = (table) => {
    if (!tables.has(table)) {
      const csv = join(folder, `${table}.csv`);
      tables.set(table, existsSync(csv) ? readCsv(csv) : null);
    }
    return tables.get(table);
  };
  return figures.flatMap(({ figure, text }) => {
    const fault = compare(figure, text, rowsOf);
    return fault ? [`${figure}: ${fault}`] : [];
  });
}

/** What is wrong with a shown figure, or null; `rowsOf` gives the rows of a released table. */
export function compare(figure, text, rowsOf) {
  const [table, key, measure, ...more] = figure.split('|');
  if (!measure || more.length) return 'is not `table|column=value&column=value|measure`';
  const rows = rowsOf(table);
  if (!rows) return `${table}.csv is not beside the page`;
  const wanted = [...new URLSearchParams(key)];
  const found = rows.filter((row) => wanted.every(([column, value]) => row[column] === value));
  if (found.length !== 1) return `${found.length} rows of ${table}.csv have this key, not one`;
  const [row] = found;
  const cell = row[measure];
  if (cell === undefined) return `${table}.csv has no such column`;
  if (cell === '') {
    if (row.secret) return isSaidSecret(text) ? null : `is secret, shown as \`${text}\``;
    return text && !/\d/.test(text) ? null : `is empty, shown as \`${text}\``;
  }
  const shown = parseFrench(text);
  if (!shown) return `\`${text}\` is not a French number`;
  if (measure.endsWith('_centimes') && !/^(€|euros?)/.test(shown.unit))
    return `counts cents, shown as \`${text}\``;
  // As precise as it is written: 12,3 M€ stands for all that rounds to it.
  const exact = inUnit(Number(cell), measure, shown.unit) / shown.scale;
  const half = 0.5 * 10 ** -shown.decimals;
  return Math.abs(exact - shown.value) <= half + 1e-9 ? null : `is ${cell}, shown as \`${text}\``;
}

const isSaidSecret = (text) => /secret/i.test(text) && !/\d/.test(text);
