/** Items of a list that a log line has room for. */
const MOST = 10;

/** The first few items, and how many more there are. */
export function some(items: readonly string[]): readonly string[] {
  return items.length <= MOST ? items : [...items.slice(0, MOST), `and ${items.length - MOST} more`];
}
