// A proxy-wasm host for the one module it must run: the calls that the filter makes, no more. Unit tests, explain,
// simulate and the ext_proc mount run the very bytes that ship to Envoy.

import type { FilterExports } from "./abi.ts";
import type { Environment } from "./environment.ts";
import { hostImports } from "./imports.ts";
import type { FilterMetrics } from "./metrics.ts";
import { FilterStream } from "./stream.ts";

/** Thrown where the filter refuses its configuration; the reason is in the log. */
export class ConfigurationRefused extends Error {}

/** One instance of the module: what a worker thread has in Envoy. */
export class FilterVm {
  readonly environment: Environment;
  readonly metrics: FilterMetrics;
  readonly exports: FilterExports;
  /** Calls that the filter has made, by name, since the counting began; undefined: not counted. */
  calls: string[] | undefined;
  /** What the buffer of the running callback holds. */
  buffer: Uint8Array | undefined;
  /** Context on which the filter's calls act: that of the running callback unless the filter changed it. */
  effective = 0;
  readonly #roots = new Set<number>();
  readonly #streams = new Map<number, FilterStream>();
  #nextId = 1;

  /** @param module compiled from build/filter.wasm. */
  constructor(module: WebAssembly.Module, environment: Environment, metrics: FilterMetrics) {
    this.environment = environment;
    this.metrics = metrics;
    const instance = new WebAssembly.Instance(module, hostImports(this));
    this.exports = this.#guarded(instance.exports as unknown as FilterExports);
    this.exports._initialize();
    this.exports.proxy_on_vm_start(0, 0);
  }

  /** Bytes of wasm memory. */
  get memoryBytes(): number {
    return this.exports.memory.buffer.byteLength;
  }

  /**
   * Makes a root context with a plugin configuration.
   * @throws ConfigurationRefused; the environment's log has said why.
   */
  createRoot(configuration: string): number {
    const id = this.#nextId++;
    this.exports.proxy_on_context_create(id, 0);
    this.#roots.add(id);
    this.buffer = new TextEncoder().encode(configuration);
    const accepted = this.exports.proxy_on_configure(id, this.buffer.length);
    this.buffer = undefined;
    if (accepted === 0) {
      this.deleteRoot(id);
      throw new ConfigurationRefused("the filter refuses its configuration");
    }
    return id;
  }

  /** Ends a root context. */
  deleteRoot(id: number): void {
    this.exports.proxy_on_delete(id);
    this.#roots.delete(id);
  }

  /** Lets every root's tick run once, as Envoy's timer does. */
  tick(): void {
    for (const root of this.#roots) this.exports.proxy_on_tick(root);
  }

  /** Begins an HTTP stream under a root. */
  createStream(root: number): FilterStream {
    const id = this.#nextId++;
    const stream = new FilterStream(this, id);
    this.#streams.set(id, stream);
    this.exports.proxy_on_context_create(id, root);
    return stream;
  }

  /** Whether a context exists. */
  has(id: number): boolean {
    return this.#streams.has(id) || this.#roots.has(id);
  }

  /** The stream on which the filter's calls act; undefined in a root's callback. */
  current(): FilterStream | undefined {
    return this.#streams.get(this.effective);
  }

  /** A stream is gone. */
  forget(id: number): void {
    this.#streams.delete(id);
  }

  // Every callback makes its own context the effective one.
  #guarded(exports: FilterExports): FilterExports {
    const enter = <A extends number[], R>(call: (id: number, ...rest: A) => R) => {
      return (id: number, ...rest: A): R => {
        this.effective = id;
        return call(id, ...rest);
      };
    };
    return {
      memory: exports.memory,
      _initialize: exports._initialize,
      proxy_on_memory_allocate: exports.proxy_on_memory_allocate,
      proxy_on_vm_start: exports.proxy_on_vm_start,
      proxy_on_context_create: enter(exports.proxy_on_context_create),
      proxy_on_configure: enter(exports.proxy_on_configure),
      proxy_on_tick: enter(exports.proxy_on_tick),
      proxy_on_queue_ready: enter(exports.proxy_on_queue_ready),
      proxy_on_request_headers: enter(exports.proxy_on_request_headers),
      proxy_on_request_body: enter(exports.proxy_on_request_body),
      proxy_on_request_trailers: enter(exports.proxy_on_request_trailers),
      proxy_on_response_headers: enter(exports.proxy_on_response_headers),
      proxy_on_response_body: enter(exports.proxy_on_response_body),
      proxy_on_grpc_receive: enter(exports.proxy_on_grpc_receive),
      proxy_on_grpc_close: enter(exports.proxy_on_grpc_close),
      proxy_on_delete: enter(exports.proxy_on_delete),
    };
  }
}
