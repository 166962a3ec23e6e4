// What a flow is charged for: a request, or its tokens, by the fairness of its band.

import { FAIRNESS_GLOBAL_STRICT, FAIRNESS_RECENT_TOKENS } from "../../wire/layout.ts";
import { bandFairness, bandHalfLife } from "../wire/admission.ts";
import { bandRowOf } from "./band-row.ts";
import { bandOf, findBand } from "./bands.ts";
import { findFlow, flowOf } from "./flows.ts";
import { noteChange, Queue } from "./queue.ts";
import { give } from "./shares.ts";

/** An output token takes the engine about as long as many of a prompt; the reference's weights. */
const OUTPUT_WEIGHT: f64 = 2;

/**
 * A request goes on, having waited or not: its flow has been given so many tokens of a prompt and, as far as can be
 * said, of an output.
 */
export function charge(
  queue: Queue, plan: usize, priority: i32, fairness: u64, prompt: f64, output: f64, now: u64,
): void {
  const row = bandRowOf(plan, priority);
  const kind = bandFairness(row);
  if (kind == u32(FAIRNESS_GLOBAL_STRICT)) return;
  const band = bandOf(queue, priority, bandHalfLife(row), now);
  if (band === null) return;
  const flow = flowOf(band, fairness);
  if (flow === null) return;
  band.usual = kind == u32(FAIRNESS_RECENT_TOKENS) ? prompt + OUTPUT_WEIGHT * output : 1;
  give(flow, band.usual, now);
  noteChange();
}

/** The output of a request that was charged has turned out to have so many more tokens than was said, or fewer. */
export function correct(queue: Queue, plan: usize, priority: i32, fairness: u64, more: f64, now: u64): void {
  if (bandFairness(bandRowOf(plan, priority)) != u32(FAIRNESS_RECENT_TOKENS)) return;
  const band = findBand(queue, priority);
  if (band === null) return;
  const flow = findFlow(band, fairness);
  if (flow === null) return;
  give(flow, OUTPUT_WEIGHT * more, now);
  noteChange();
}
