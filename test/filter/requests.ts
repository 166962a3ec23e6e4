// Requests as a gateway puts them through the filter.

import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import type { FilterVm } from "../../sidecar/wasm-host/vm.ts";

export const DESTINATION = "x-gateway-destination-endpoint";

export const POST = [
  [":method", "POST"],
  [":path", "/v1/chat/completions"],
] as const;

/** A body that is no JSON: nothing is known of such a request. */
export function zeros(length: number): Uint8Array {
  return new Uint8Array(length);
}

/** A request with a body, all of which has passed. */
export function post(vm: FilterVm, root: number): FilterStream {
  const stream = vm.createStream(root);
  stream.onRequestHeaders(POST, false);
  stream.onRequestBody(zeros(100), true);
  return stream;
}

/** The destinations that the filter has set as filter state, best first. */
export function picksOf(stream: FilterStream): string[] {
  return stream.state.get("dest")?.split(",") ?? [];
}

/** Where a request would go that ends at once; undefined where nothing was decided. */
export function pickOnce(vm: FilterVm, root: number): string | undefined {
  const stream = post(vm, root);
  stream.close();
  return picksOf(stream)[0];
}

/** How often each address comes first in `rounds` requests that end at once. */
export function spread(vm: FilterVm, root: number, rounds: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < rounds; i++) {
    const first = pickOnce(vm, root) ?? "none";
    counts.set(first, (counts.get(first) ?? 0) + 1);
  }
  return counts;
}

/** What the host functions are that `act` makes the filter call, in order. */
export function callsDuring(vm: FilterVm, act: () => void): string[] {
  vm.calls = [];
  act();
  const { calls } = vm;
  vm.calls = undefined;
  return calls;
}
