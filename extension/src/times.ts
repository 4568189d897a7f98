/** Times in names of files. */

/** Return the local time for a name of a file, such as "2026-12-01 0512". */
export function timeInName(time: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = [time.getFullYear(), time.getMonth() + 1, time.getDate()];
  return `${date.map(two).join('-')} ${two(time.getHours())}${two(time.getMinutes())}`;
}
