/** An endpoint as the reference's labels name it. */
export interface PodLabels {
  /** The pod's name, with `-rank-1` and so on where it has several endpoints. */
  readonly pod: string;
  readonly namespace: string;
}

/** `namespace/name` in two; without a slash the namespace is empty. */
export function splitName(name: string): { readonly name: string; readonly namespace: string } {
  const slash = name.indexOf("/");
  return { name: name.slice(slash + 1), namespace: name.slice(0, Math.max(0, slash)) };
}

/** The labels of a roster's endpoint. */
export function podLabels(endpoint: string, rank: number): PodLabels {
  const { name, namespace } = splitName(endpoint);
  return { pod: rank === 0 ? name : `${name}-rank-${rank}`, namespace };
}
