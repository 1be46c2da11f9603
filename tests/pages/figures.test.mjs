// A shown figure and the cell it stands for: equal, or told why not.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { compare } from './checks/figures.mjs';
import { readCsv } from './csv.mjs';

// `_` stands for a narrow no-break space, `~` for a no-break space: both look like a plain one.
const written = (text) => text.replaceAll('_', '\u202F').replaceAll('~', '\u00A0');

function check(measure, cell, shown, secret = '') {
  const rows = [{ mois: '2024-01', [measure]: cell, secret }];
  const rowsOf = (table) => (table === 'visites' ? rows : null);
  return compare(`visites|mois=2024-01|${measure}`, written(shown), rowsOf);
}

const EQUAL = [
  ['nb_visites', '0', '0'],
  ['nb_visites', '999', '999'],
  ['nb_visites', '1234567', '1_234_567'],
  ['nb_visites', '1234567', '1,2~million'],
  ['nb_visites', '1234567', '1_235~milliers de visites'],
  ['nb_visites', '12', '12~visites'],
  ['ecart', '-1234', '−1_234'],
  ['nb_minutes', '90', '1,5_h'],
  ['nb_minutes', '90', '90_min'],
  ['cout_centimes', '123456789', '1_234_567,89~€'],
  ['cout_centimes', '123456789', '1_234_568~€'],
  ['cout_centimes', '123456789', '1_235~k€'],
  ['cout_centimes', '123456789', '1,2~M€'],
  ['cout_centimes', '123456789', '1,2~million d’euros'],
  ['part', '0.4249', '42,5_%'],
];

for (const [measure, cell, shown] of EQUAL)
  test(`${cell} of ${measure} is ${shown}`, () => assert.equal(check(measure, cell, shown), null));

const OTHER = [
  ['nb_visites', '1234', '1_235'],
  ['nb_visites', '1234', '−1_234'],
  ['nb_visites', '1234', '1,3~millier'],
  ['cout_centimes', '123456789', '1,3~M€'],
  ['part', '0.4249', '0,4_%'],
];

for (const [measure, cell, shown] of OTHER)
  test(`${cell} of ${measure} is not ${shown}`, () =>
    assert.equal(check(measure, cell, shown), `is ${cell}, shown as \`${written(shown)}\``));

const FOREIGN = [
  '1234', '1 234', '1~234', '1.234', '1,234,567', '12_34', 'environ 12', 'secret', '',
];

for (const shown of FOREIGN)
  test(`\`${shown}\` is no French number`, () => {
    const fault = `\`${written(shown)}\` is not a French number`;
    assert.equal(check('nb_visites', '1234', shown), fault);
  });

test('cents are never shown as such', () =>
  assert.match(check('cout_centimes', '1200', '1_200'), /^counts cents/));

test('a secret figure is said to be one', () =>
  assert.equal(check('nb_visites', '', 'secret statistique', 's'), null));

for (const shown of ['0', '', '—', 'n. d.', 'secret (moins de 11)'])
  test(`a secret figure is not shown as \`${shown}\``, () =>
    assert.equal(check('nb_visites', '', shown, 's'), `is secret, shown as \`${shown}\``));

test('an absent figure has words', () => assert.equal(check('nb_visites', '', 'n. d.'), null));

for (const shown of ['0', ''])
  test(`an absent figure is not shown as \`${shown}\``, () =>
    assert.equal(check('nb_visites', '', shown), `is empty, shown as \`${shown}\``));

const VISITES = [
  { mois: '1', pays: 'fr', n: '1' },
  { mois: '2', pays: 'fr', n: '2' },
];
const rowsOf = (table) => (table === 'visites' ? VISITES : null);
const ASTRAY = [
  ['visites|mois=1', 'is not `table|column=value&column=value|measure`'],
  ['visites|mois=1|n|more', 'is not `table|column=value&column=value|measure`'],
  ['absent|mois=1|n', 'absent.csv is not beside the page'],
  ['visites|mois=3|n', '0 rows of visites.csv have this key, not one'],
  ['visites|pays=fr|n', '2 rows of visites.csv have this key, not one'],
  ['visites|mois=1|absent', 'visites.csv has no such column'],
];

for (const [figure, fault] of ASTRAY)
  test(`${figure} ${fault}`, () => assert.equal(compare(figure, '1', rowsOf), fault));

test('two columns find a row', () =>
  assert.equal(compare('visites|mois=2&pays=fr|n', '2', rowsOf), null));

test('a CSV file is read with its quotes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'conum-csv-'));
  try {
    const file = join(folder, 'a.csv');
    writeFileSync(file, '\uFEFFnom,n\r\n"L\'""Oasis"", Nord",1\r\n,\r\n"",2');
    assert.deepEqual(readCsv(file), [
      { nom: 'L\'"Oasis", Nord', n: '1' },
      { nom: '', n: '' },
      { nom: '', n: '2' },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
