// A random state of the reference, brought about in the compiled filter by the ways in which such states come about:
// frames of the sidecar, requests that went before, and what other gateways tell.

import assert from "node:assert/strict";
import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import { encodeFlight, encodeJournal } from "../../wire/encode.ts";
import * as L from "../../wire/layout.ts";
import type { JournalRecord, PlanSettings, Sample } from "../../wire/model.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import { findingsOf } from "../body/model.ts";
import { batchLimit, estimate } from "../reference/estimate.ts";
import type { Candidate, Request } from "../reference/model.ts";
import { Dice, randomState, type State } from "../reference/random-state.ts";
import { expectedOutput } from "../reference/tokens.ts";
import { connectedRig, endpoint, FakePool, sample } from "./pools.ts";
import { POST, picksOf } from "./requests.ts";
import { profile, SESSION_HEADER, scorer, session } from "./steps.ts";

const U32_MAX = 0xffffffff;
const MAX_BLOCKS = 256;
/** Bytes of one journal's hashes. */
const JOURNAL_ROOM = 200_000;

/** What the filter is in when the request under test comes; all but the predictions is known to the reference. */
export type Setting = {
  readonly candidates: readonly Candidate[];
  readonly request: Request;
  readonly body: Uint8Array;
  readonly headers: readonly (readonly [string, string])[];
  readonly settings: Partial<PlanSettings>;
};

/** A prompt, and the same cut off behind so many of its blocks. */
type Prompt = { readonly bytes: number; body(blocks?: number): Record<string, unknown> };

function completions(text: string, blockBytes: number): Prompt {
  return {
    bytes: text.length,
    body: (blocks) => ({ prompt: blocks === undefined ? text : text.slice(0, blocks * blockBytes) }),
  };
}

/** The role stands before the text, and a zero byte behind either. */
function chat(text: string, blockBytes: number): Prompt {
  return {
    bytes: text.length + 4,
    body: (blocks) => ({
      messages: [
        { role: "user", content: blocks === undefined ? text : text.slice(0, Math.max(blocks * blockBytes - 5, 0)) },
      ],
    }),
  };
}

function promptOf(dice: Dice, tokens: number, blockBytes: number): Prompt {
  const isChat = dice.chance(0.5);
  // Kept clear of lengths at which the zero bytes behind strings complete a block that the tokens do not.
  let bytes = Math.max(tokens * 4 - dice.integer(0, 3), 0);
  const last = bytes % blockBytes;
  if (last > blockBytes - 8) bytes -= 8;
  const text = Array.from({ length: Math.ceil(bytes / 8) }, () =>
    dice.integer(0, U32_MAX).toString(16).padStart(8, "0"),
  );
  if (isChat) return chat(text.join("").slice(0, Math.max(bytes - 4, 0)), blockBytes);
  return completions(text.join("").slice(0, bytes), blockBytes);
}

/** One worker in which setting follows setting; endpoints of one are gone with the next. */
export class Settings {
  readonly #connected = connectedRig({ explainHeader: "x-explain" });
  readonly #pool = new FakePool();
  readonly #observed: boolean;
  #own: FilterStream[] = [];
  #settings = 0;

  /** @param observed whether other gateways tell of latencies. */
  constructor(observed: boolean) {
    this.#observed = observed;
    this.#push(this.#pool.roster([]), this.#pool.load([]), this.#pool.plan());
  }

  /** The state of a seed, with prompts as long as real ones. */
  make(seed: number): Setting {
    const state = randomState(seed);
    const dice = new Dice(seed + 1_000_000);
    const { rig } = this.#connected;
    const known = withShortObjectives(state.request);
    const promptTokens = known.promptTokens > 20_000 ? known.promptTokens % 3000 : known.promptTokens;
    const blockBytes = known.blockTokens * 4;
    const prompt = promptOf(dice, promptTokens, blockBytes);
    const body = encodeBody({ model: known.model, ...prompt.body(), max_tokens: 3000 });
    const { blocks, promptBytes } = findingsOf(body, blockBytes, MAX_BLOCKS);
    const tokens = Math.ceil(promptBytes / 4);
    const settings = { blockTokens: known.blockTokens, outputRatio: dice.of([0, 1.5]), outputMax: dice.of([0, 500]) };
    const outputTokens = expectedOutput(tokens, settings.outputRatio, 3000, settings.outputMax || undefined);

    for (const stream of this.#own.splice(0)) stream.close();
    const third = ++this.#settings;
    const candidates = state.candidates.map((candidate, index) => ({
      ...candidate,
      address: `10.${third >> 8}.${third & 255}.${index + 1}:8000`,
      kvUsage: Math.fround(candidate.kvUsage),
      matchedBlocks: Math.min(candidate.matchedBlocks, blocks.length),
    }));
    const absent = state.coldOrder.filter((name) => !candidates.some((candidate) => candidate.name === name));
    this.#list(candidates, absent, third);
    this.#useCold(state.coldOrder);
    const own = this.#send(dice, candidates, prompt, known, settings.blockTokens);
    const flights = flightsOf(state, candidates, own);
    rig.stream.message(flights.before, ...this.#journals(dice, candidates, own, blocks));
    rig.pass(30);
    this.#sample(dice, state, absent.length);
    rig.stream.message(flights.now);
    rig.pass(20);
    const limit = batchLimit(state.observed.map(({ sample }) => sample));
    return {
      candidates: candidates.map((candidate, index) => {
        const { inFlightThen, inFlightNow, tokensInFlight } = flights.known[index]!;
        const work = estimate(state.observed[index]!.sample, inFlightThen, inFlightNow, limit);
        return { ...candidate, ...work, inFlight: inFlightNow, tokensInFlight };
      }),
      request: { ...known, promptTokens: tokens, totalBlocks: blocks.length, outputTokens },
      body,
      headers: [...POST, ["x-explain", "1000"], ...headersOf(known)],
      settings,
    };
  }

  /** Puts the request through by a plan; the stream has its answer's headers. */
  decide({ body, headers, settings }: Setting, steps: ReturnType<typeof profile>): FilterStream {
    const { vm, root } = this.#connected;
    this.#push(this.#pool.plan([steps], settings));
    const stream = vm.createStream(root);
    stream.onRequestHeaders(headers, false);
    for (let at = 0; at < body.length; at += 5000) {
      stream.onRequestBody(body.subarray(at, at + 5000), at + 5000 >= body.length);
    }
    stream.onResponseHeaders(undefined);
    return stream;
  }

  // The endpoints of this setting, all ready; those that are to be none of the candidates stand before and behind them.
  #list(candidates: readonly Candidate[], absent: readonly string[], third: number): void {
    const listed = candidates.map(({ address, name, labels }, index) => endpoint(index, { address, name, labels }));
    const others = absent.map((name, index) =>
      endpoint(index, { name, address: `10.${third >> 8}.${third & 255}.${200 + index}:8000` }),
    );
    const all = [...others.slice(0, 1), ...listed, ...others.slice(1)];
    this.#push(
      this.#pool.roster(all),
      this.#pool.load(all.map(() => sample({ counter: 1, blockSize: 0, blockCount: 0 }))),
    );
  }

  // Cold requests, each to the endpoint that is meant, in their order.
  #useCold(names: readonly string[]): void {
    const cold = scorer(L.PLUGIN_NO_HIT_LRU_SCORER, "cold", 1, [1024]);
    this.#push(this.#pool.plan([profile("cold", session(10), cold)]));
    for (const name of names) this.#sendTo(name, {}).close();
  }

  #sendTo(name: string, body: Record<string, unknown>): FilterStream {
    const { vm, root } = this.#connected;
    const stream = vm.createStream(root);
    stream.onRequestHeaders([...POST, [SESSION_HEADER, Buffer.from(name).toString("base64")]], false);
    stream.onRequestBody(encodeBody(body), true);
    assert.equal(picksOf(stream).length, 1);
    return stream;
  }

  // Up to four requests that stay in flight, at some of the candidates; each leaves there what the state wants held.
  #send(
    dice: Dice,
    candidates: readonly Candidate[],
    prompt: Prompt,
    { model }: Request,
    blockTokens: number,
  ): Map<Candidate, number> {
    this.#push(this.#pool.plan([profile("session", session())], { blockTokens }));
    const chosen = dice.shuffled(candidates).slice(0, dice.integer(0, 4));
    const tokens = new Map<Candidate, number>();
    for (const candidate of chosen) {
      const body = encodeBody({ model, ...prompt.body(candidate.matchedBlocks) });
      const found = findingsOf(body, blockTokens * 4, MAX_BLOCKS);
      if (found.blocks.length !== candidate.matchedBlocks) continue; // the role alone has more
      const stream = this.#sendTo(candidate.name, JSON.parse(new TextDecoder().decode(body)));
      assert.deepEqual(picksOf(stream), [candidate.address]);
      this.#own.push(stream);
      tokens.set(candidate, Math.ceil(found.promptBytes / 4));
    }
    return tokens;
  }

  // What other gateways know: who holds the prompt's first blocks, and how fast some endpoints were.
  #journals(
    dice: Dice,
    candidates: readonly Candidate[],
    own: ReadonlyMap<Candidate, number>,
    blocks: readonly bigint[],
  ): Uint8Array[] {
    const records: JournalRecord[] = [];
    for (const candidate of candidates) {
      const key = xxh64(candidate.address);
      if (!own.has(candidate) && candidate.matchedBlocks > 0) {
        records.push({ kind: L.RECORD_HELD, endpoint: key, values: blocks.slice(0, candidate.matchedBlocks) });
      }
      if (!this.#observed || dice.chance(0.5)) continue;
      const [running, usage] = [dice.integer(0, 50), dice.real(1)];
      const ttft = [dice.integer(0, 3000), dice.integer(0, 9000), dice.integer(0, 5), running, usage, dice.real(2000)];
      records.push({ kind: L.RECORD_TTFT, endpoint: key, values: ttft });
      const tpot = [running, usage, dice.integer(0, 100_000), dice.real(80)];
      records.push({ kind: L.RECORD_TPOT, endpoint: key, values: tpot });
    }
    const frames: Uint8Array[] = [];
    for (let from = 0, bytes = 0, i = 0; i < records.length; i++) {
      bytes += 16 + records[i]!.values.length * 8;
      assert.ok(bytes < JOURNAL_ROOM, "more than one period's journal holds");
      if (i === records.length - 1) {
        frames.push(encodeJournal({ owner: 0n, first: 0n, records: records.slice(from) }));
      }
    }
    return frames;
  }

  // Frames of the sidecar, and a first look at them: a request without a body reads them and does nothing else.
  #push(...frames: Uint8Array[]): void {
    const { rig, vm, root } = this.#connected;
    rig.stream.message(...frames);
    const stream = vm.createStream(root);
    stream.onRequestHeaders(POST, true);
    stream.close();
  }

  // The samples of the state, of endpoints that no longer all take requests.
  #sample(dice: Dice, state: State, absent: number): void {
    const list = state.candidates.map((candidate, index): Sample => {
      const { queue, running } = state.observed[index]!.sample;
      const { kvUsage, runningAdapters, waitingAdapters, maxAdapters } = candidate;
      const adapters = { runningAdapters, waitingAdapters, maxAdapters };
      return sample({ counter: 2, waiting: queue, running, kvUsage, blockSize: 0, blockCount: 0, ...adapters });
    });
    const others = Array.from({ length: absent }, () => sample(dice.of([{ ready: false }, { age: 3000 }])));
    this.#push(this.#pool.load([...others.slice(0, 1), ...list, ...others.slice(1)]));
  }
}

function encodeBody(body: Record<string, unknown>): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(body));
}

// As a client would write them.
function withShortObjectives(request: Request): Request {
  const short = (value: number | undefined) => (value === undefined ? undefined : Number(value.toFixed(3)));
  return { ...request, sloTtft: short(request.sloTtft), sloTpot: short(request.sloTpot) };
}

function headersOf({ sessionToken, sloTtft, sloTpot }: Request): [string, string][] {
  const headers: [string, string][] = [];
  if (sessionToken !== undefined) headers.push([SESSION_HEADER, sessionToken]);
  if (sloTtft !== undefined) headers.push(["x-slo-ttft-ms", `${sloTtft}`]);
  if (sloTpot !== undefined) headers.push(["x-llm-d-slo-tpot-ms", `${sloTpot}`]);
  return headers;
}

/** What other gateways have in flight when the sample is taken and now, and what that makes with this worker's own. */
function flightsOf(state: State, candidates: readonly Candidate[], own: ReadonlyMap<Candidate, number>) {
  const known = candidates.map((candidate, index) => {
    const { inFlight, tokensInFlight } = state.candidates[index]!;
    const mine = own.has(candidate) ? 1 : 0;
    const othersThen = Math.max(state.observed[index]!.inFlightThen - mine, 0);
    const othersNow = Math.max(inFlight - mine, 0);
    const othersTokens = othersNow === 0 ? 0 : Math.min(tokensInFlight, U32_MAX);
    return {
      endpoint: xxh64(candidate.address),
      othersThen,
      othersNow,
      othersTokens,
      inFlightThen: othersThen + mine,
      inFlightNow: othersNow + mine,
      tokensInFlight: othersTokens + (own.get(candidate) ?? 0),
    };
  });
  const frame = (of: (one: (typeof known)[number]) => { requests: number; tokens: number }) =>
    encodeFlight({
      owner: 0n,
      entries: known
        .map((one) => ({ endpoint: one.endpoint, prefill: 0, ...of(one) }))
        .filter(({ requests }) => requests > 0),
    });
  return {
    known,
    before: frame(({ othersThen }) => ({ requests: othersThen, tokens: 0 })),
    now: frame(({ othersNow, othersTokens }) => ({ requests: othersNow, tokens: othersTokens })),
  };
}
