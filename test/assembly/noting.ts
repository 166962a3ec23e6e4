// The filter's exports, but for one: an answer's headers also note a record of each kind, as if all had been learned
// from it. So tests see journals whatever the filter itself notes. Block hashes count up from the request's number.

import { noteHeld, noteLost, noteTpot, noteTtft } from "../../assembly/sync/journal.ts";
import * as host from "../../assembly/abi/host.ts";
import { xxh64 } from "../../assembly/hash/xxh64.ts";
import { proxy_on_response_headers as answered } from "../../assembly/index.ts";
import { text } from "../../assembly/text/text.ts";

import {
  proxy_abi_version_0_2_1, proxy_on_memory_allocate, proxy_on_vm_start, proxy_on_context_create, proxy_on_configure,
  proxy_on_tick, proxy_on_request_headers, proxy_on_request_body, proxy_on_request_trailers, proxy_on_response_body,
  proxy_on_grpc_receive, proxy_on_grpc_close, proxy_on_delete,
} from "../../assembly/index.ts";

export {
  proxy_abi_version_0_2_1, proxy_on_memory_allocate, proxy_on_vm_start, proxy_on_context_create, proxy_on_configure,
  proxy_on_tick, proxy_on_request_headers, proxy_on_request_body, proxy_on_request_trailers, proxy_on_response_body,
  proxy_on_grpc_receive, proxy_on_grpc_close, proxy_on_delete,
};

const UPSTREAM_ADDRESS = text("upstream\0address");
const hashes: usize = memory.data(32768, 8);

/** `blocks`, which a host gives as the number of headers: how many blocks are held. */
export function proxy_on_response_headers(id: u32, blocks: u32, end: u32): u32 {
  const status = answered(id, blocks, end);
  if (blocks == 0 || !host.getProperty(UPSTREAM_ADDRESS)) return status;
  const key = xxh64(host.resultAt, host.resultLength);
  for (let i: u32 = 0; i < blocks; i++) store<u64>(hashes + (usize(i) << 3), u64(id) * 10000 + i);
  noteHeld(key, hashes, blocks);
  if (blocks > 2) return status;
  noteLost(key, hashes, 1);
  noteTtft(key, 512, 2048, 3, 16, 0.75, 123.5);
  noteTpot(key, 16, 0.75, 40000, 21.25);
  return status;
}
