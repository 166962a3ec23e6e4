import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { decodeObserved } from "../../wire/decode-observed.ts";
import { encodeSync } from "../../wire/encode.ts";
import { MAX_ENDPOINTS } from "../../wire/layout.ts";
import type { Observation, ObservedModel } from "../../wire/model.ts";
import { passAnswerHeaders, passRequest } from "../filter/calls.ts";
import { Gateway, TICK_MS } from "../filter/gateway.ts";
import type { FilterStream, LocalResponse } from "../wasm-host/stream.ts";
import type { Explanation } from "./explanation.ts";
import type { SnapshotPlan, SnapshotPool } from "./snapshot.ts";
import { flightFrame, loadFrame, planFrame, policyFrame, rosterFrame } from "./state-frames.ts";

/** Not a name that a client would send. */
const EXPLAIN_HEADER = "inline-epp-explain";
const CONFIGURATION = JSON.stringify({ stateCluster: "sidecar", explainHeader: EXPLAIN_HEADER, errors: "plain" });
/** The lease and the stream take the filter a few ticks; after so many it will never have its state. */
const PATIENCE_TICKS = 200;

/** A request, and what is known when it comes. */
export interface Question {
  readonly pool: SnapshotPool;
  readonly plan: SnapshotPlan;
  readonly journals: readonly Uint8Array[];
  readonly body: Uint8Array;
  /** Names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  /** Decides all that is left to chance. */
  readonly seed: number;
  /** A request that an endpoint, by its address, has answered before and whose prompt it holds; none where left out. */
  readonly before?: { readonly body: Uint8Array; readonly endpoint: string };
}

/** What the filter makes of it. */
export interface Answer {
  /** Undefined where no endpoint was looked for: the request is turned away, or waits, before that. */
  readonly explanation: Explanation | undefined;
  /** What the client asks for, and what is asked of the endpoint in its place; undefined: no model. */
  readonly model: string | undefined;
  readonly target: string | undefined;
  readonly priority: number;
  /** Addresses, the destination first, then where Envoy goes if it refuses; none where there is a refusal. */
  readonly destinations: readonly string[];
  /** Address of the endpoint that computes the prompt; undefined: the destination does. */
  readonly prefill: string | undefined;
  /** Addresses of those that encode images, audio and video; none: the destination does. */
  readonly encode: readonly string[];
  /** Address of the data-parallel rank that serves; undefined: the plan does not choose among ranks. */
  readonly dataParallel: string | undefined;
  /** Whether the request waits until the pool has room for it. */
  readonly waits: boolean;
  /** The filter's own answer to the request, where no endpoint gets it. */
  readonly refusal: LocalResponse | undefined;
}

/** The filter does not take the state: what it has logged. */
export class StateNotTaken extends Error {}

/** A gateway of one worker and the log of what it finds wrong. */
class Bench {
  readonly #clock = new VirtualClock();
  readonly #gateway: Gateway;
  readonly #log: string[] = [];
  /** What the filter has told of requests that are over. */
  readonly #told: Observation[] = [];
  #sent: number;

  constructor(module: WebAssembly.Module, seed: number, greeting: readonly Uint8Array[]) {
    this.#sent = greeting.length;
    this.#gateway = new Gateway({
      clock: this.#clock,
      module,
      workers: 1,
      configuration: CONFIGURATION,
      seed,
      active: () => true,
      greeting: () => greeting,
      observed: (frame) => this.#told.push(...decodeObserved(frame).records),
      warn: (message) => this.#log.push(message),
    });
    this.#settle();
  }

  begin(): FilterStream {
    return this.#gateway.begin();
  }

  /** Lets one tick pass. */
  tick(): void {
    this.#clock.advance(TICK_MS);
  }

  /** Has an endpoint answer a request, if the filter lets it go to any. */
  answered(body: Uint8Array, endpoint: string): void {
    const stream = this.begin();
    passRequest(stream, body);
    if (stream.state.has("dest")) passAnswerHeaders(stream, endpoint);
    stream.close();
  }

  /** Sends frames, and lets the filter take them up. */
  push(...frames: readonly Uint8Array[]): void {
    this.#sent += frames.length;
    for (const frame of frames) this.#gateway.push(frame);
    this.#settle();
    this.tick(); // what one tick has published, the next one reads
  }

  /** What the filter tells of the last of so many requests, all of which are over. */
  told(requests: number): Observation {
    for (let ticks = 0; ticks < PATIENCE_TICKS && this.#told.length < requests; ticks++) this.tick();
    const told = this.#told[requests - 1];
    if (told === undefined) throw new Error("the filter tells nothing of the request");
    return told;
  }

  #settle(): void {
    const { metrics } = this.#gateway;
    for (let ticks = 0; ticks < PATIENCE_TICKS; ticks++) {
      this.tick();
      const refused = metrics.value("inline_epp_frames_refused_total");
      if (refused > 0) break;
      if (metrics.value("inline_epp_frames_accepted_total") === this.#sent) return;
    }
    throw new StateNotTaken(`the filter does not take the state: ${this.#log.join("; ") || "it says nothing"}`);
  }
}

function nameOf(model: ObservedModel | "other" | undefined): string | undefined {
  return typeof model === "object" ? model.name : undefined;
}

/**
 * Puts a request through the compiled filter, which is told of the state as by a sidecar, in virtual time.
 * @throws StateNotTaken where the plan or the journals say what the filter does not accept.
 */
export function explain(module: WebAssembly.Module, question: Question): Answer {
  const { pool, plan, journals, body, headers, seed, before } = question;
  const flight = flightFrame(pool);
  const greeting = [
    policyFrame(pool),
    rosterFrame(pool),
    planFrame(pool, plan),
    loadFrame(pool, 1n),
    flight,
    encodeSync(),
  ];
  const bench = new Bench(module, seed, greeting);
  // A worker looks at a pool from the first request for it on, and learns only of endpoints that it knows.
  const first = bench.begin();
  first.onRequestHeaders([], false);
  first.close();
  bench.tick();
  for (const journal of journals) bench.push(journal);
  if (before !== undefined) bench.answered(before.body, before.endpoint);
  // Time has passed, and a sidecar says again what still holds. Samples keep their number: they are no news.
  bench.push(flight, loadFrame(pool, 2n));

  const stream = bench.begin();
  passRequest(stream, body, [...headers, [EXPLAIN_HEADER, String(MAX_ENDPOINTS)]]);
  stream.onResponseHeaders(undefined);
  const text = stream.responseHeaders?.get(EXPLAIN_HEADER);
  const refusal = stream.localResponse;
  const waits = refusal === undefined && !stream.state.has("dest");
  stream.close();
  const told = bench.told(before === undefined ? 2 : 3);
  const state = (name: string) => stream.state.get(name)?.split(",") ?? [];
  return {
    explanation: text === undefined ? undefined : (JSON.parse(text) as Explanation),
    model: nameOf(told.model),
    target: nameOf(told.target),
    priority: told.priority,
    destinations: state("dest"),
    prefill: state("prefiller")[0],
    encode: state("encoders"),
    dataParallel: state("data_parallel")[0],
    waits,
    refusal,
  };
}
