// Every check, by the name that its findings carry.
import { accessible } from './accessible.mjs';
import { drawings } from './drawings.mjs';
import { figures } from './figures.mjs';
import { keyboard } from './keyboard.mjs';
import { links } from './links.mjs';
import { outline } from './outline.mjs';
import { overflow } from './overflow.mjs';
import { print } from './print.mjs';
import { quiet } from './quiet.mjs';
import { scriptless } from './scriptless.mjs';
import { tables } from './tables.mjs';
import { weight } from './weight.mjs';

/** Each takes a browser and a page's file, and gives what is wrong in words; nothing is well. */
export const CHECKS = {
  weight,
  quiet,
  overflow,
  accessible,
  scriptless,
  outline,
  drawings,
  tables,
  links,
  keyboard,
  print,
  figures,
};
