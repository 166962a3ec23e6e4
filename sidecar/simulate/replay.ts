import { Engine, type EngineConfig, type Sequence } from "../../simulator/engine.ts";
import { VirtualClock } from "../../simulator/virtual-clock.ts";
import { Balance } from "./balance.ts";
import type { PolicyMaker } from "./policy.ts";
import type { Prefixes } from "./prefixes.ts";
import type { TraceRequest } from "./trace.ts";

/** Milliseconds of the run before the first request, in which a gateway connects and hears of the servers. */
const LEAD_MS = 1000;

/** Requests, when they come, and who is there to take them. */
export interface Workload {
  readonly requests: readonly TraceRequest[];
  /** Milliseconds, one per request, in order, the first one 0. */
  readonly arrivals: readonly number[];
  readonly prefixes: Prefixes;
  readonly servers: number;
  readonly engine: EngineConfig;
  readonly seed: number;
  /** Requests at the beginning that only warm the caches up. */
  readonly warmup: number;
}

/** What became of one request; times are milliseconds since the first arrival. */
export interface Outcome {
  readonly arrivedAt: number;
  /** Undefined where the request was refused; what follows is then NaN. */
  readonly server: number | undefined;
  firstTokenAt: number;
  finishedAt: number;
  cachedTokens: number;
}

/** One policy's run. */
export interface Replay {
  /** In the order of the requests. */
  readonly outcomes: readonly Outcome[];
  /** From the arrival of the first request after the warm-up. */
  readonly balance: Balance;
}

/**
 * Replays a workload under a policy, in virtual time: the same workload and policy give the same result.
 * @param progress is told of every arrival's number, from 1.
 */
export function replay(workload: Workload, makePolicy: PolicyMaker, progress: (arrived: number) => void): Replay {
  const { requests, arrivals, prefixes, servers, engine, seed, warmup } = workload;
  const clock = new VirtualClock();
  const engines = Array.from({ length: servers }, () => new Engine(engine, clock));
  const balance = new Balance(servers);
  const outcomes: Outcome[] = [];
  let open = requests.length;
  const active = () => open > 0;
  const policy = makePolicy({ clock, engines, inFlight: balance.inFlight, seed, active });

  function arrive(index: number): void {
    const now = clock.now();
    if (index === warmup) {
      balance.advance(now);
      balance.begin(now);
    }
    const server = policy.choose(index);
    const outcome: Outcome = {
      arrivedAt: now - LEAD_MS,
      server,
      firstTokenAt: Number.NaN,
      finishedAt: Number.NaN,
      cachedTokens: Number.NaN,
    };
    outcomes.push(outcome);
    if (server === undefined) {
      open--;
    } else {
      balance.change(server, 1, now);
      submit(index, server, outcome);
    }
    progress(index + 1);
    if (index + 1 < requests.length) clock.at(LEAD_MS + arrivals[index + 1]!, () => arrive(index + 1));
  }

  function submit(index: number, server: number, outcome: Outcome): void {
    const { promptTokens, outputTokens } = requests[index]!;
    engines[server]!.submit({
      adapter: null,
      promptTokens,
      blockHashes: prefixes.blocksOf(index),
      outputTokens,
      finishReason: "stop",
      onTokens(sequence: Sequence) {
        if (sequence.phase === "finished") {
          outcome.firstTokenAt = sequence.firstTokenAt - LEAD_MS;
          outcome.finishedAt = sequence.finishedAt - LEAD_MS;
          outcome.cachedTokens = sequence.cachedTokens;
          balance.change(server, -1, clock.now());
          open--;
        }
        policy.produced?.(index, server, sequence);
      },
    });
  }

  clock.at(LEAD_MS + (arrivals[0] ?? 0), () => arrive(0));
  clock.runAll();
  return { outcomes, balance };
}
