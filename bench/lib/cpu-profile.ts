// What a profile of Node's, as --cpu-prof writes it, says of functions by themselves.

/** The parts of a .cpuprofile file that are read. Times in microseconds of the system's monotonic clock. */
export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly startTime: number;
  /** The node that ran at each sample. */
  readonly samples: readonly number[];
  /** From the start to the first sample, then from each to the next. */
  readonly timeDeltas: readonly number[];
}

/** Where a function stands in what runs; line and column count from 0. */
export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** One function's own time, without what it calls. */
export interface SelfTime {
  readonly name: string;
  /** The file, in front of all a package's files its name; empty for what is none of JavaScript's. */
  readonly where: string;
  readonly microseconds: number;
}

/** Nothing runs. */
const IDLE = "(idle)";

/**
 * Functions by their own time between two times, the longest first, without idle time. `sourceOf` names the file of a
 * frame; functions of one name in one file count as one.
 */
export function selfTimes(
  profile: CpuProfile,
  [from, to]: readonly [from: number, to: number],
  sourceOf: (frame: CallFrame) => string,
): SelfTime[] {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byNode = new Map<number, number>();
  let at = profile.startTime;
  for (const [index, node] of profile.samples.entries()) {
    at += profile.timeDeltas[index] ?? 0;
    // A sample stands for the time until the next one.
    const lasts = profile.timeDeltas[index + 1] ?? 0;
    if (at >= from && at < to) byNode.set(node, (byNode.get(node) ?? 0) + lasts);
  }
  const byFunction = new Map<string, SelfTime>();
  for (const [node, microseconds] of byNode) {
    const frame = frames.get(node);
    if (frame === undefined || frame.functionName === IDLE) continue;
    const [name, where] = [frame.functionName || "(anonymous)", sourceOf(frame)];
    const key = `${name} ${where}`;
    byFunction.set(key, { name, where, microseconds: microseconds + (byFunction.get(key)?.microseconds ?? 0) });
  }
  return [...byFunction.values()].sort((a, b) => b.microseconds - a.microseconds);
}

/** Own time by folder, of packages by package: sums of selfTimes by the first parts of where a function stands. */
export function byPlace(times: readonly SelfTime[]): SelfTime[] {
  const sums = new Map<string, number>();
  for (const { name, where, microseconds } of times) {
    const place = where === "" ? name : placeOf(where);
    sums.set(place, (sums.get(place) ?? 0) + microseconds);
  }
  const all = [...sums].map(([where, microseconds]) => ({ name: "", where, microseconds }));
  return all.sort((a, b) => b.microseconds - a.microseconds);
}

function placeOf(where: string): string {
  if (where.startsWith("node:")) return where;
  const parts = where.split("/");
  const from = parts.lastIndexOf("node_modules") + 1;
  if (from === 0) return parts.slice(0, 2).join("/");
  return parts.slice(from, from + (parts[from]?.startsWith("@") ? 2 : 1)).join("/");
}
