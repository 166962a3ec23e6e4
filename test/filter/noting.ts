// The filter that notes records, and what it takes to make it do so.

import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import type { FilterVm } from "../../sidecar/wasm-host/vm.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import { compileForProxy } from "../harness/assembly-module.ts";

/** The module whose answers note records; see test/assembly/noting.ts. */
export function notingModule(): Promise<WebAssembly.Module> {
  return compileForProxy("noting.ts");
}

/** An answer comes from an address, and teaches that it holds so many blocks; four records where they are two. */
export function answer(vm: FilterVm, stream: FilterStream, address: string, blocks = 2): void {
  stream.properties.set("upstream\0address", address);
  vm.exports.proxy_on_response_headers(stream.id, blocks, 0);
}

/** The key of an address, as records name endpoints. */
export function addressKey(address: string): bigint {
  return xxh64(address);
}
