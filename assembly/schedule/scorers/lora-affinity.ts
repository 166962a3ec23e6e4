import {
  ADAPTER_BYTES, SAMPLE_ADAPTERS_MAX, SAMPLE_ADAPTERS_RUNNING, SAMPLE_ADAPTERS_WAITING, SAMPLE_ADAPTER_START,
} from "../../../wire/layout.ts";
import { loadEndpoints, sampleRow } from "../../wire/load.ts";
import { addScore, candidateIndex, candidates } from "../candidates.ts";
import { adapter } from "../inputs.ts";

const RUNNING: f64 = 1;
const ROOM: f64 = 0.8;
const WAITING: f64 = 0.6;

/**
 * lora-affinity-scorer: whether the endpoint serves the request's adapter, or could. Running there 1; else room for
 * one more, that is fewer running and waiting adapters than slots, 0.8; else waiting there 0.6; else 0. Range 0..1.
 * `frame` is the pool's LOAD. Missing value: an endpoint that tells of no adapters has no slots and gets 0.
 */
export function scoreLoraAffinity(weight: f64, frame: usize): void {
  const adapters = sampleRow(frame, loadEndpoints(frame));
  for (let i: u32 = 0; i < candidates(); i++) {
    const sample = sampleRow(frame, candidateIndex(i));
    const running = u32(load<u16>(sample, SAMPLE_ADAPTERS_RUNNING));
    const waiting = u32(load<u16>(sample, SAMPLE_ADAPTERS_WAITING));
    const first = adapters + usize(load<u32>(sample, SAMPLE_ADAPTER_START)) * ADAPTER_BYTES;
    if (names(first, running)) addScore(i, RUNNING, weight);
    else if (running + waiting < u32(load<u16>(sample, SAMPLE_ADAPTERS_MAX))) addScore(i, ROOM, weight);
    else if (names(first + usize(running) * ADAPTER_BYTES, waiting)) addScore(i, WAITING, weight);
  }
}

// Whether the request's adapter is among `count` from `first` on.
function names(first: usize, count: u32): bool {
  const end = first + usize(count) * ADAPTER_BYTES;
  for (let at = first; at < end; at += ADAPTER_BYTES) {
    if (load<u64>(at) == adapter) return true;
  }
  return false;
}
