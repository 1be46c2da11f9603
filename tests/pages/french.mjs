// A figure in French format becomes a number, its unit and its precision.

// Groups by narrow no-break space from 1 000 on, decimal comma, real minus.
const NUMBER = /^([−-]?)(\d{1,3}(?:\u202F\d{3})*)(?:,(\d+))?(?:[\u202F\u00A0](\D.*))?$/;
const SCALE = /^(?:(Md|M|k)(?=€|$)|(milliard|million|millier)s?(?= |$))/;
const TIMES = { k: 1e3, M: 1e6, Md: 1e9, millier: 1e3, million: 1e6, milliard: 1e9 };

/** `12,3 M€` is `{ value: 12.3, decimals: 1, scale: 1e6, unit: '€' }`; null is no figure. */
export function parseFrench(text) {
  const [, sign, whole, fraction = '', rest = ''] = NUMBER.exec(text) ?? [];
  if (whole === undefined) return null;
  const value = Number(`${sign && '-'}${whole.replaceAll('\u202F', '')}.${fraction || 0}`);
  const [shown, short, long] = SCALE.exec(rest) ?? [''];
  const scale = TIMES[short ?? long] ?? 1;
  const unit = rest.slice(shown.length).replace(/^\s*(?:d’|de )?/, '');
  return { value, decimals: fraction.length, scale, unit };
}

/** What a cell comes to in the unit shown: cents in euros, minutes in hours, ratios in percent. */
export function inUnit(cell, measure, unit) {
  if (/^(€|euros?)/.test(unit) && measure.endsWith('_centimes')) return cell / 100;
  if (/^(h|heures?)\b/.test(unit) && measure.endsWith('_minutes')) return cell / 60;
  return unit.startsWith('%') ? cell * 100 : cell;
}
