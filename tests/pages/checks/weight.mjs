// A page that goes by mail or over a slow line weighs no more than 1.5 MB.
import { statSync } from 'node:fs';

export const MOST_BYTES = 1_500_000;

export async function weight(_browser, file) {
  const { size } = statSync(file);
  return size > MOST_BYTES ? [`${size} bytes, more than ${MOST_BYTES}`] : [];
}
