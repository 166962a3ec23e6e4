// resourceVersion: what the API server says of an object's age.

const DECIMAL = /^[1-9]\d*$/;

/**
 * Compares two versions of objects of one kind. Kubernetes 1.35 says that they are decimal numbers that only grow (KEP
 * 5504), which they have always been where etcd keeps them; other servers may write what they like.
 * @returns below 0: `a` is older; 0: the same; above 0: `a` is newer; undefined: nobody can tell.
 */
export function compareVersions(a: string, b: string): number | undefined {
  if (a === b) return 0;
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}

/** Whether `a` is known to be older than `b`. */
export function isOlder(a: string, b: string): boolean {
  const order = compareVersions(a, b);
  return order !== undefined && order < 0;
}
