import type { Sequence } from "../../simulator/engine.ts";
import { encodePlan, encodeRoster, encodeSync } from "../../wire/encode.ts";
import { ENGINE_VLLM, ROLE_ANY } from "../../wire/layout.ts";
import type { CompiledPlan } from "../epp-config/compile.ts";
import { passAnswerBody, passAnswerHeaders, passRequest, pickOf } from "../filter/calls.ts";
import { Gateway } from "../filter/gateway.ts";
import type { FilterStream } from "../wasm-host/stream.ts";
import { lastEvents, tokensEvent } from "./answer.ts";
import type { Policy, PolicyContext, PolicyMaker } from "./policy.ts";
import { completionBody } from "./prompt-body.ts";
import { Scraper } from "./scraper.ts";
import type { TraceRequest } from "./trace.ts";

const POOL = "default/simulated";
const MODEL = "base";
const ROSTER_EPOCH = 1n;
const CONFIGURATION = JSON.stringify({ stateCluster: "sidecar", pool: POOL });

/** What choosing through the filter needs beyond the run. */
export interface FilterPolicyOptions {
  readonly module: WebAssembly.Module;
  readonly plan: CompiledPlan;
  readonly requests: readonly TraceRequest[];
  readonly workers: number;
  /** Milliseconds between two scrapes of one server. */
  readonly scrapeInterval: number;
  /** Output tokens per piece of an answer after the first; 0: nothing between the first token and the last piece. */
  readonly tokensPerPiece: number;
  /** Hears of what the filter logs as a warning or worse. */
  warn(message: string): void;
}

/** The address that a server has in the filter's state. */
function addressOf(server: number): string {
  const number = server + 1;
  return `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}:8000`;
}

/**
 * Puts every request through the compiled filter, headers and body, and takes the first address that it picks. The
 * answer passes through the filter as well, so that it learns what it would learn in Envoy.
 */
class FilterPolicy implements Policy {
  readonly #options: FilterPolicyOptions;
  readonly #gateway: Gateway;
  readonly #servers: ReadonlyMap<string, number>;
  /** The requests that have not ended, and how many tokens of their answers have passed. */
  readonly #open = new Map<number, { readonly stream: FilterStream; sent: number }>();

  constructor(options: FilterPolicyOptions, context: PolicyContext) {
    this.#options = options;
    const { clock, engines, seed } = context;
    const active = () => context.active();
    const addresses = engines.map((_, server) => addressOf(server));
    this.#servers = new Map(addresses.map((address, server) => [address, server]));
    const endpoints = addresses.map((address, server) => ({
      address,
      name: `server-${server}`,
      zone: "",
      labels: {},
      engine: ENGINE_VLLM,
      role: ROLE_ANY,
      rank: 0,
    }));
    const greeting = () => [
      encodeRoster({ pool: POOL, epoch: ROSTER_EPOCH, endpoints }),
      // A trace does not tell whose requests they are.
      encodePlan({ pool: POOL, ...options.plan, settings: { ...options.plan.settings, limits: [] } }),
      scraper.frame(),
      encodeSync(),
    ];
    const { module, workers, scrapeInterval: interval, warn } = options;
    const gateway = new Gateway({ clock, module, workers, configuration: CONFIGURATION, seed, active, greeting, warn });
    const push = (frame: Uint8Array) => gateway.push(frame);
    const scraper = new Scraper({ clock, engines, pool: POOL, rosterEpoch: ROSTER_EPOCH, interval, active, push });
    this.#gateway = gateway;
  }

  choose(request: number): number | undefined {
    const stream = this.#gateway.begin();
    passRequest(stream, completionBody(this.#options.requests[request]!, MODEL));
    const server = this.#servers.get(pickOf(stream) ?? "");
    if (server === undefined) stream.close();
    else this.#open.set(request, { stream, sent: 0 });
    return server;
  }

  produced(request: number, server: number, sequence: Sequence): void {
    const answer = this.#open.get(request)!;
    const { stream } = answer;
    if (answer.sent === 0) {
      passAnswerHeaders(stream, addressOf(server));
      passAnswerBody(stream, tokensEvent(MODEL, 1), false);
      answer.sent = 1;
    }
    const unsent = sequence.emitted - answer.sent;
    const { tokensPerPiece } = this.#options;
    if (sequence.phase === "finished") {
      passAnswerBody(stream, lastEvents(MODEL, unsent, sequence), true);
      stream.close();
      this.#open.delete(request);
    } else if (tokensPerPiece > 0 && unsent >= tokensPerPiece) {
      passAnswerBody(stream, tokensEvent(MODEL, unsent), false);
      answer.sent = sequence.emitted;
    }
  }
}

/** The policy of one EndpointPickerConfig. */
export function filterPolicy(options: FilterPolicyOptions): PolicyMaker {
  return (context) => new FilterPolicy(options, context);
}
