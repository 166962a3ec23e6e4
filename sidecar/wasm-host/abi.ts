// Numbers of the proxy-wasm ABI 0.2.1 that host and filter agree on:
// https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1

export const Result = {
  ok: 0,
  notFound: 1,
  badArgument: 2,
  empty: 7,
  casMismatch: 8,
  internalFailure: 10,
} as const;

export const Buffer = { requestBody: 0, responseBody: 1, grpcReceive: 5, pluginConfiguration: 7 } as const;
export const HeaderMap = { requestHeaders: 0, responseHeaders: 2 } as const;

/** WASI's clocks and errors, as far as the filter asks: https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md */
export const Clock = { realtime: 0, monotonic: 1 } as const;
export const WasiError = { success: 0, notSupported: 58 } as const;

/** What a filter answers to request or response headers. */
export const HeadersStatus = { continue: 0, stopIteration: 1 } as const;
/** What a filter answers to a piece of body. */
export const DataStatus = { continue: 0, stopIterationAndBuffer: 1, stopIterationNoBuffer: 3 } as const;

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "critical"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The functions that the filter exports. */
export interface FilterExports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  proxy_on_memory_allocate(bytes: number): number;
  proxy_on_vm_start(root: number, length: number): number;
  proxy_on_context_create(id: number, parent: number): void;
  proxy_on_configure(id: number, length: number): number;
  proxy_on_tick(id: number): void;
  proxy_on_queue_ready(id: number, token: number): void;
  proxy_on_request_headers(id: number, headers: number, end: number): number;
  proxy_on_request_body(id: number, length: number, end: number): number;
  proxy_on_request_trailers(id: number, trailers: number): number;
  proxy_on_response_headers(id: number, headers: number, end: number): number;
  proxy_on_response_body(id: number, length: number, end: number): number;
  proxy_on_grpc_receive(id: number, token: number, length: number): void;
  proxy_on_grpc_close(id: number, token: number, status: number): void;
  proxy_on_delete(id: number): void;
}
