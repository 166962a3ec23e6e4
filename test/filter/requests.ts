// Requests as a gateway puts them through the filter.

import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import type { FilterVm } from "../../sidecar/wasm-host/vm.ts";

export const DESTINATION = "x-gateway-destination-endpoint";

/** A request of an API that the filter does not know, so that any body will do. */
export const POST = [
  [":method", "POST"],
  [":path", "/v1/rerank"],
] as const;

/** A chat completion, whose body must be a JSON object that names a model. */
export const CHAT = [
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

/** Where what the cluster's metadata say of the filter stands among Envoy's properties. */
export const METADATA = "xds\0cluster_metadata\0filter_metadata\0inline-epp\0";

/** What Envoy tells of where a request goes: the names of its cluster and its route, the pool in the cluster's metadata. */
export type Target = { readonly cluster?: string; readonly route?: string; readonly metadata?: string };

/** A stream that Envoy has routed. */
export function routed(vm: FilterVm, root: number, { cluster, route, metadata }: Target): FilterStream {
  const stream = vm.createStream(root);
  if (cluster !== undefined) stream.properties.set("xds\0cluster_name", cluster);
  if (route !== undefined) stream.properties.set("xds\0route_name", route);
  if (metadata !== undefined) {
    stream.properties.set(`${METADATA}pool`, metadata);
  }
  return stream;
}

/** A routed request with a body, all of which has passed. */
export function postTo(vm: FilterVm, root: number, target: Target): FilterStream {
  const stream = routed(vm, root, target);
  stream.onRequestHeaders(POST, false);
  stream.onRequestBody(zeros(100), true);
  return stream;
}

/** Where a routed request would go that ends at once; undefined where nothing was decided. */
export function pickFor(vm: FilterVm, root: number, target: Target): string | undefined {
  const stream = postTo(vm, root, target);
  stream.close();
  return picksOf(stream)[0];
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
