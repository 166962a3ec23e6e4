/** Whether two lists have the same objects in the same order. */
export function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a === b || (a.length === b.length && a.every((item, index) => item === b[index]));
}

type Texts = Readonly<Record<string, string>>;

/** Whether two mappings have the same texts under the same keys, in whatever order. */
export function sameTexts(a: Texts, b: Texts): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}
