// Numbers of the proxy-wasm ABI 0.2.1 that the filter uses:
// https://github.com/proxy-wasm/spec/tree/main/abi-versions/v0.2.1

export const OK: u32 = 0;

export const LOG_WARN: u32 = 3;
export const LOG_ERROR: u32 = 4;
export const LOG_CRITICAL: u32 = 5;

export const HEADERS_CONTINUE: u32 = 0;
export const HEADERS_STOP_ITERATION: u32 = 1;
export const DATA_CONTINUE: u32 = 0;
export const DATA_STOP_ITERATION_AND_BUFFER: u32 = 1;
export const DATA_STOP_ITERATION_NO_BUFFER: u32 = 3;
export const TRAILERS_CONTINUE: u32 = 0;
export const TRAILERS_STOP_ITERATION: u32 = 1;

export const MAP_REQUEST_HEADERS: i32 = 0;
export const MAP_RESPONSE_HEADERS: i32 = 2;
export const BUFFER_REQUEST_BODY: i32 = 0;
export const BUFFER_RESPONSE_BODY: i32 = 1;
export const BUFFER_GRPC_RECEIVE: i32 = 5;
export const BUFFER_PLUGIN_CONFIGURATION: i32 = 7;
export const STREAM_REQUEST: i32 = 0;

export const CLOCK_REALTIME: u32 = 0; // WASI's
export const CLOCK_MONOTONIC: u32 = 1;

export const METRIC_COUNTER: i32 = 0;
export const METRIC_GAUGE: i32 = 1;
