// The host's functions. This is the only file that knows the SDK; everything else calls assembly/abi/host.ts.

export {
  proxy_continue_stream,
  proxy_define_metric,
  proxy_dequeue_shared_queue,
  proxy_enqueue_shared_queue,
  proxy_get_buffer_bytes,
  proxy_get_header_map_pairs,
  proxy_get_header_map_value,
  proxy_get_property,
  proxy_get_shared_data,
  proxy_grpc_cancel,
  proxy_grpc_send,
  proxy_increment_metric,
  proxy_log,
  proxy_record_metric,
  proxy_register_shared_queue,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
  proxy_send_local_response,
  proxy_set_buffer_bytes,
  proxy_set_effective_context,
  proxy_set_property,
  proxy_set_shared_data,
  proxy_set_tick_period_milliseconds,
} from "@gcoredev/proxy-wasm-sdk-as/assembly/imports";

// The SDK declares these two without the initial metadata that hosts expect.
// @ts-ignore: decorator
@external("env", "proxy_grpc_call")
export declare function proxy_grpc_call(
  service: usize,
  serviceLength: usize,
  serviceName: usize,
  serviceNameLength: usize,
  methodName: usize,
  methodNameLength: usize,
  initialMetadata: usize,
  initialMetadataLength: usize,
  request: usize,
  requestLength: usize,
  timeoutMilliseconds: u32,
  token: usize,
): u32;

// @ts-ignore: decorator
@external("env", "proxy_grpc_stream")
export declare function proxy_grpc_stream(
  service: usize,
  serviceLength: usize,
  serviceName: usize,
  serviceNameLength: usize,
  methodName: usize,
  methodNameLength: usize,
  initialMetadata: usize,
  initialMetadataLength: usize,
  token: usize,
): u32;

// The SDK has no clock but the wall's, which may be set back; Envoy offers WASI's.
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "clock_time_get")
export declare function clock_time_get(clock: u32, precision: u64, time: usize): u32;

// The SDK has no source of randomness; Envoy offers this one of WASI.
// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "random_get")
export declare function random_get(buffer: usize, length: usize): u32;
