/** Sizes and times in texts and names of files. */

const UNITS = ['bytes', 'KB', 'MB', 'GB'];

/** Return a number of bytes as people read it, such as "1.2 MB". */
export function sizeText(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const isWhole = unit === 0 || value >= 99.95;
  return `${isWhole ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** Return the local time for a name of a file, such as "2026-12-01 0512". */
export function timeInName(time: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = [time.getFullYear(), time.getMonth() + 1, time.getDate()];
  return `${date.map(two).join('-')} ${two(time.getHours())}${two(time.getMinutes())}`;
}
