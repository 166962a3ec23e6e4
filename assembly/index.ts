// The module's exports: what a proxy-wasm host calls, ABI 0.2.1. Each forgets the last callback's host memory, finds
// the context, and hands over. What is not exported is not called: trailers of answers pass without a transition, and a
// context's end is told once, where it is deleted.

import "./abi/abort.ts";
import * as host from "./abi/host.ts";
import { DATA_CONTINUE, HEADERS_CONTINUE, TRAILERS_CONTINUE } from "./abi/values.ts";
import { arenaAllocate, resetArena } from "./memory/arena.ts";
import { onGrants } from "./request/granted.ts";
import * as lifecycle from "./request/lifecycle.ts";
import { createRequest, deleteRequest, requestOf } from "./request/request.ts";
import { createRoot, deleteRoot, rootOf } from "./root.ts";
import { seedRandom } from "./schedule/random.ts";

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_memory_allocate(bytes: usize): usize {
  return arenaAllocate(bytes);
}

export function proxy_on_vm_start(_root: u32, _length: u32): u32 {
  seedRandom(host.random());
  return 1;
}

export function proxy_on_context_create(id: u32, parent: u32): void {
  resetArena();
  if (parent == 0) {
    createRoot(id);
    return;
  }
  const root = rootOf(parent);
  if (root !== null) createRequest(id, changetype<usize>(root));
}

export function proxy_on_configure(id: u32, length: u32): u32 {
  resetArena();
  const root = rootOf(id);
  return root !== null && root.configure(length) ? 1 : 0;
}

export function proxy_on_tick(id: u32): void {
  resetArena();
  const root = rootOf(id);
  if (root !== null) root.tick();
}

export function proxy_on_queue_ready(id: u32, _token: u32): void {
  resetArena();
  onGrants(id);
}

export function proxy_on_request_headers(id: u32, _headers: u32, end: u32): u32 {
  resetArena();
  const request = requestOf(id);
  if (request !== null) return lifecycle.onRequestHeaders(request, end != 0);
  lifecycle.removeDestination();
  return HEADERS_CONTINUE;
}

export function proxy_on_request_body(id: u32, length: u32, end: u32): u32 {
  resetArena();
  const request = requestOf(id);
  return request === null ? DATA_CONTINUE : lifecycle.onRequestBody(request, length, end != 0);
}

export function proxy_on_request_trailers(id: u32, _trailers: u32): u32 {
  resetArena();
  const request = requestOf(id);
  return request === null ? TRAILERS_CONTINUE : lifecycle.onRequestTrailers(request);
}

export function proxy_on_response_headers(id: u32, _headers: u32, end: u32): u32 {
  resetArena();
  const request = requestOf(id);
  if (request !== null) lifecycle.onResponseHeaders(request, end != 0);
  return HEADERS_CONTINUE;
}

export function proxy_on_response_body(id: u32, length: u32, end: u32): u32 {
  resetArena();
  const request = requestOf(id);
  if (request !== null) lifecycle.onResponseBody(request, length, end != 0);
  return DATA_CONTINUE;
}

export function proxy_on_grpc_receive(id: u32, token: u32, length: u32): void {
  resetArena();
  const root = rootOf(id);
  if (root === null) return;
  const store = root.store;
  if (store === null) return;
  if (store.observations.owns(id, token)) store.observations.arrived();
  else if (store.spending.owns(id, token)) store.spending.arrived(length, host.now());
  else if (store.link.owns(token)) store.receive(length, host.now());
}

export function proxy_on_grpc_close(id: u32, token: u32, status: u32): void {
  resetArena();
  const root = rootOf(id);
  if (root === null) return;
  const store = root.store;
  if (store === null) return;
  if (store.observations.owns(id, token)) store.observations.lost();
  else if (store.spending.owns(id, token)) store.spending.lost(host.now());
  else if (store.link.owns(token)) store.link.lost(status, host.now());
}

export function proxy_on_delete(id: u32): void {
  resetArena();
  const request = requestOf(id);
  if (request !== null) {
    lifecycle.onEnd(request);
    deleteRequest(request);
    return;
  }
  const root = rootOf(id);
  if (root !== null) deleteRoot(root);
}
