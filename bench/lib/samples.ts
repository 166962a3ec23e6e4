// What a sampled stack says of where Envoy's time goes. Envoy's binary has no symbols, but frames can be followed through
// it and through the code that V8 makes of the module, which perf calls by the name of a map file that need not exist.

/** One frame of a stack. */
export interface Frame {
  /** The address, as perf prints it; of a caller it is where the call returns to. */
  readonly address: string;
  /** The file that holds the code. */
  readonly object: string;
}

/** A sampled stack, the innermost frame first. */
export type Stack = readonly Frame[];

/** Where time goes. */
export const KINDS = ["kernel", "module", "host calls", "calls in", "calls out", "rest of Envoy"] as const;
export type Kind = (typeof KINDS)[number];

/** What the kinds mean, for people. */
export const MEANING: Readonly<Record<Kind, string>> = {
  kernel: "system calls, sockets above all, whoever makes them",
  module: "the filter's own code, as V8 has compiled it",
  "host calls": "what Envoy does below a call of the module: headers, bodies, shared data, filter state",
  "calls in": "V8 and the proxy-wasm host, between Envoy's filters and the module",
  "calls out": "V8 and the proxy-wasm host, between the module and what it calls",
  "rest of Envoy": "everything else",
};

/** Calls between Envoy's chain of filters and the module: V8's entry, its C API, the host's two layers, the filter. */
const CALLS_IN = 5;
/** Frames below the module that only unwrap a host call: the C API's callback and the host's two layers. */
const FRAMES_OUT = 3;

/** An address, a symbol, and in parentheses a path or a name in brackets. */
const FRAME = /^\s+([0-9a-f]+) .*\(([/[].*)\)$/;

/** Reads what `perf script -F comm,ip,sym,dso` prints, line by line; yields each sample's stack. */
export async function* readStacks(lines: AsyncIterable<string> | Iterable<string>): AsyncGenerator<Stack> {
  let stack: Frame[] = [];
  for await (const line of lines) {
    const [, address, object] = FRAME.exec(line) ?? [];
    if (address !== undefined && object !== undefined) stack.push({ address, object });
    else if (line.trim() === "" && stack.length > 0) {
      yield stack;
      stack = [];
    }
  }
  if (stack.length > 0) yield stack;
}

const isKernel = ({ object }: Frame) => object.startsWith("[kernel") || object.startsWith("[guest.kernel");
const isCompiled = ({ object }: Frame) => /\/perf-\d+\.map$/.test(object);

/** Samples by kind, of one process. */
export class SampleCounts {
  /** Stacks of Envoy's without the module, to be judged when all ways into it are known. */
  readonly #undecided: Stack[] = [];
  /** Calls above the module: in how many stacks they stand there, and in how many of them right above it. */
  readonly #callers = new Map<string, { all: number; near: number }>();
  readonly #counts = new Map<Kind, number>(KINDS.map((kind) => [kind, 0]));
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(stack: Stack): void {
    const [leaf] = stack;
    if (leaf === undefined) return;
    this.#total++;
    const inner = stack.findIndex(isCompiled);
    const outer = stack.findLastIndex(isCompiled);
    if (outer >= 0) this.#learn(stack.slice(outer + 1));
    if (isKernel(leaf)) this.#count("kernel");
    else if (inner === 0) this.#count("module");
    else if (inner > 0) this.#count(inner > FRAMES_OUT ? "host calls" : "calls out");
    else this.#undecided.push(stack);
  }

  /**
   * How many samples each kind has. A stack without the module is on the way there, or back, where it holds one of the
   * calls that lead there in other stacks.
   */
  finish(): ReadonlyMap<Kind, number> {
    for (const stack of this.#undecided) {
      const onTheWay = stack.some(({ address }) => this.#leadsIn(address));
      this.#count(onTheWay ? "calls in" : "rest of Envoy");
    }
    this.#undecided.length = 0;
    return this.#counts;
  }

  #learn(callers: Stack): void {
    const near = new Set(callers.slice(0, CALLS_IN).map(({ address }) => address));
    for (const address of new Set(callers.map((frame) => frame.address))) {
      const known = this.#callers.get(address) ?? { all: 0, near: 0 };
      known.all++;
      if (near.has(address)) known.near++;
      this.#callers.set(address, known);
    }
  }

  // By the majority: a stack now and then lacks frames, and Envoy's event loop is right above the module there.
  #leadsIn(address: string): boolean {
    const { all, near } = this.#callers.get(address) ?? { all: 1, near: 0 };
    return 2 * near > all;
  }

  #count(kind: Kind): void {
    this.#counts.set(kind, this.#counts.get(kind)! + 1);
  }
}

/** Microseconds per request of each kind, of so many microseconds of CPU per request, by the share of samples. */
export function microsecondsByKind(counts: ReadonlyMap<Kind, number>, cpu: number): ReadonlyMap<Kind, number> {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return new Map([...counts].map(([kind, count]) => [kind, total === 0 ? 0 : (cpu * count) / total]));
}
