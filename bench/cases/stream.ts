// What the filter adds to each piece of a streamed answer, one server-sent event each: under the host of the unit
// tests, where long streams pass in no time, and as CPU of Envoy, where events come one a millisecond.

import { DataStatus } from "../../sidecar/wasm-host/abi.ts";
import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import { CHAT } from "../../test/filter/requests.ts";
import { serving } from "../../test/filter/rewriting.ts";
import type { CaseOptions, CaseResult, ResultLine } from "../lib/case.ts";
import { Workbench } from "../lib/processes.ts";
import { event } from "../lib/sse-backend.ts";
import { envoyMicroseconds, idleMicroseconds, startSseBench, WAYS, type Way } from "../lib/sse-load.ts";
import { median } from "../lib/table.ts";

/** Tokens of an answer, one to an event. */
const TOKENS = 10_000;
/** How many of them the first and the last figure are of. */
const PART = 1000;
const SERVED_BY = "10.0.0.1:8000";

const encode = (text: string) => new TextEncoder().encode(text);

/** The kinds of streams, by what the filter does with their answers. */
const ARMS = {
  /** Nothing: the endpoint that answers is known, but the bytes are compressed. Callbacks and no more. */
  passed: { model: "base", headers: [["content-encoding", "gzip"]], served: "base" },
  /** Events are counted and usage figures looked for. */
  read: { model: "base", headers: [], served: "base" },
  /** The same, and the model gets the client's name again. */
  renamed: { model: "food", headers: [], served: "food-lora-v2" },
} as const;
type Arm = keyof typeof ARMS;
const NAMES = Object.keys(ARMS) as Arm[];

interface Measured {
  /** Nanoseconds per event: of all, of the first PART and of the last PART. */
  readonly all: number;
  readonly first: number;
  readonly last: number;
}

function begin({ vm, root }: ReturnType<typeof serving>, arm: Arm): FilterStream {
  const { model, headers } = ARMS[arm];
  const stream = vm.createStream(root);
  stream.onRequestHeaders(CHAT, false);
  stream.onRequestBody(encode(JSON.stringify({ model, stream: true, messages: [] })), true);
  stream.onResponseHeaders(SERVED_BY, [[":status", "200"], ["content-type", "text/event-stream"], ...headers]);
  return stream;
}

function measure(setting: ReturnType<typeof serving>, arm: Arm): Measured {
  const stream = begin(setting, arm);
  const events = Array.from({ length: 64 }, (_, index) => encode(event(ARMS[arm].served, ` word${index}`)));
  const marks: number[] = [];
  for (let token = 0; token < TOKENS; token++) {
    if (token % PART === 0) marks.push(performance.now());
    const status = stream.onResponseBody(events[token & 63]!, false);
    if (status !== DataStatus.continue) throw new Error(`the filter holds a piece: ${status}`);
  }
  marks.push(performance.now());
  stream.onResponseBody(encode("data: [DONE]\n\n"), true);
  stream.close();
  const nanoseconds = (from: number, to: number, tokens: number) => ((marks.at(to)! - marks.at(from)!) * 1e6) / tokens;
  return { all: nanoseconds(0, -1, TOKENS), first: nanoseconds(0, 1, PART), last: nanoseconds(-2, -1, PART) };
}

function inNode({ quick, times, progress }: CaseOptions): CaseResult {
  const setting = serving("buffer");
  const rounds: Record<Arm, Measured[]> = { passed: [], read: [], renamed: [] };
  progress("streams until V8 has compiled the filter well");
  for (let i = 0; i < 5; i++) for (const arm of NAMES) measure(setting, arm);
  progress(`streams of ${TOKENS} events`);
  for (let i = 0; i < (quick ? 30 : 60) * times; i++) for (const arm of NAMES) rounds[arm].push(measure(setting, arm));
  const lines: ResultLine[] = [];
  const rows = [["answer", "event bytes", "us", "us, first 1000", "us, last 1000", "last/first", "of passed"]];
  const middle = (arm: Arm, pick: (round: Measured) => number) => median(rounds[arm].map(pick));
  for (const arm of NAMES) {
    const bytes = event(ARMS[arm].served, " word0").length;
    const [all, first, last] = [
      ({ all }: Measured) => all,
      ({ first }: Measured) => first,
      ({ last }: Measured) => last,
    ].map((pick) => middle(arm, pick)) as [number, number, number];
    // Within one stream and one round: what else the machine does changes both.
    const growth = middle(arm, (round) => round.last / round.first);
    const ratio = median(rounds[arm].map((round, index) => round.all / rounds.passed[index]!.all));
    const shape = { case: "stream", answer: arm, event_bytes: bytes, events: TOKENS };
    const figures = { ns: Math.round(all), ns_first: Math.round(first), ns_last: Math.round(last) };
    lines.push({ ...shape, ...figures, last_to_first: round2(growth), to_passed: round2(ratio) });
    const cells = [all, first, last].map((value) => (value / 1000).toFixed(2));
    rows.push([arm, `${bytes}`, ...cells, `${growth.toFixed(2)}x`, `${ratio.toFixed(2)}x`]);
  }
  return { lines, tables: [rows] };
}

async function inEnvoy({ quick, times, progress }: CaseOptions): Promise<CaseResult> {
  const events = quick ? 1000 : 3000;
  const workbench = new Workbench();
  try {
    progress("starting a model server that streams, the sidecar and two Envoys");
    const bench = await startSseBench(workbench);
    const used: Record<Way, number[]> = { plain: [], read: [], renamed: [] };
    const idle = await idleMicroseconds(bench, quick ? 3 : 10);
    for (const way of WAYS) await envoyMicroseconds(bench, way, 200, idle);
    progress(`streams of ${events} events through Envoy`);
    for (let i = 0; i < (quick ? 3 : 5) * times; i++) {
      for (const way of WAYS) used[way].push(await envoyMicroseconds(bench, way, events, idle));
    }
    const rows = [["through Envoy", "CPU us", "added us"]];
    const lines = WAYS.map((way): ResultLine => {
      const added = median(used[way].map((microseconds, index) => microseconds - used.plain[index]!));
      const ratio = median(used[way].map((microseconds, index) => microseconds / used.plain[index]!));
      rows.push([way, median(used[way]).toFixed(1), way === "plain" ? "" : added.toFixed(1)]);
      const figures = { envoy_us: round2(median(used[way])), added_us: round2(added), cpu_ratio: round2(ratio) };
      return { case: "stream", envoy: way, events, ...figures };
    });
    return { lines, tables: [rows] };
  } finally {
    await workbench.stop();
  }
}

export async function run(options: CaseOptions): Promise<CaseResult> {
  const results = [inNode(options), await inEnvoy(options)];
  return { lines: results.flatMap(({ lines }) => lines), tables: results.flatMap(({ tables }) => tables) };
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
