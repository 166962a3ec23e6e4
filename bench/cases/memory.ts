// Many requests through the compiled filter, with bodies and answers: what the filter's memory and the host's heap are
// before and after them, and the module's size.

import { statSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ROOT } from "../../scripts/stack/command.ts";
import { bytesOf, completion, serving, text, type Worker } from "../../test/filter/exchanges.ts";
import { samples } from "../../test/filter/pools.ts";
import { CHAT, picksOf } from "../../test/filter/requests.ts";
import { kvCache, picker, prefix, profile, queue } from "../../test/filter/steps.ts";
import { Dice } from "../../test/prefix/prompts.ts";
import type { CaseOptions, CaseResult } from "../lib/case.ts";

const SEED = 7;
const ENDPOINTS = 20;
const DEFAULT_REQUESTS = 1_000_000;
const QUICK_REQUESTS = 200_000;
/** Before the first look: memory grows to the largest state that it has seen. */
const WARM_UP = 200_000;
/** Requests that are in flight together, between two scrapes. */
const BATCH = 100;
const PROMPTS = 997;
/** Small, so that it is full soon, and every new prompt takes an old one's place. */
const INDEX = { prefixMemory: "1MiB" };
const PAGE = 65_536;
const MIB = 1 << 20;

const USAGE = { prompt_tokens: 700, completion_tokens: 9, prompt_tokens_details: { cached_tokens: 64 } };
const ANSWER = bytesOf({ model: "base", choices: [{ message: { content: "some text" } }], usage: USAGE });
const EVENT = bytesOf(`data: ${JSON.stringify({ model: "base", choices: [{ delta: { content: "text" } }] })}\n\n`);

/** Prompts of 1 to 12 blocks, with seven beginnings among them. */
function prompts(dice: Dice): Uint8Array[] {
  return Array.from({ length: PROMPTS }, (_, index) => {
    const rules = text(`rules ${dice.below(7)}`, dice.below(5));
    return bytesOf(completion(`${rules}${text(`question ${index}`, 1 + dice.below(8))}`));
  });
}

/** Sends a request in one or two pieces; returns what ends it: an answer, a stream of events, or that it breaks off. */
function begin({ vm, root }: Worker, body: Uint8Array, number: number): () => void {
  const stream = vm.createStream(root);
  stream.onRequestHeaders(CHAT, false);
  if (number % 4 === 0) stream.onRequestBody(body.subarray(0, 100), false);
  stream.onRequestBody(number % 4 === 0 ? body.subarray(100) : body, true);
  return () => {
    if (number % 16 !== 1) {
      stream.onResponseHeaders(picksOf(stream)[0]);
      if (number % 3 === 0) for (let i = 0; i < 3; i++) stream.onResponseBody(EVENT, i === 2);
      else stream.onResponseBody(ANSWER, true);
    }
    stream.close();
  };
}

/** Bytes of the host's heap that are in use, after all garbage is gone. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  return process.memoryUsage().heapUsed;
}

/** A million requests where not told otherwise, after 200,000 that do not count. */
export async function run({ quick, progress, requests }: CaseOptions): Promise<CaseResult> {
  const count = requests ?? (quick ? QUICK_REQUESTS : DEFAULT_REQUESTS);
  const plan = [profile("default", queue(2), kvCache(2), prefix(3), picker(2))];
  const { rig, pool, worker } = serving(ENDPOINTS, plan, { settings: { lruBlocks: 500 }, fields: INDEX });
  const dice = new Dice(SEED);
  const bodies = prompts(dice);
  const pass = (total: number) => {
    for (let done = 0; done < total; done += BATCH) {
      const ends = Array.from({ length: Math.min(BATCH, total - done) }, (_, index) =>
        begin(worker, bodies[dice.below(PROMPTS)]!, done + index),
      );
      for (const end of ends) end();
      rig.pass(20);
      rig.stream.message(pool.load(samples(ENDPOINTS, { counter: (done / BATCH) & 0xffff, running: dice.below(9) })));
      rig.stream.sent.length = 0; // the test's host keeps all that the filter says
    }
  };
  const look = () => ({ wasm: worker.vm.memoryBytes, heap: heapBytes() });
  progress(`${WARM_UP} requests until the memory has its size`);
  pass(WARM_UP);
  const before = look();
  progress(`${count} requests`);
  const began = performance.now();
  pass(count);
  const seconds = (performance.now() - began) / 1000;
  const after = look();
  const mib = (bytes: number) => Number((bytes / MIB).toFixed(2));
  const figures = (when: string, { wasm, heap }: typeof before) => [
    ...[when, `${wasm / PAGE}`, `${mib(wasm)}`, `${mib(heap)}`],
  ];
  const line = {
    ...{ case: "memory", requests: count, us_a_request: Number(((1e6 * seconds) / count).toFixed(2)) },
    ...{ pages_before: before.wasm / PAGE, pages_after: after.wasm / PAGE, growth: after.wasm / before.wasm },
    ...{ heap_mib_before: mib(before.heap), heap_mib_after: mib(after.heap) },
  };
  const rows = [["", "wasm pages", "wasm MiB", "host heap MiB"]];
  rows.push(figures("before", before), figures(`after ${count} requests`, after));
  const kib = Number((statSync(join(ROOT, "build/filter.wasm")).size / 1024).toFixed(1));
  const size = [
    ["module", "KiB"],
    ["build/filter.wasm", `${kib}`],
  ];
  return { lines: [line, { case: "memory", what: "build/filter.wasm", kib }], tables: [rows, size] };
}
