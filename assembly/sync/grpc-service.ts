import { assign, emptyText, Text } from "../text/text.ts";

const scratch: usize = memory.data(600);

/**
 * A serialized envoy.config.core.v3.GrpcService: field 1 (envoy_grpc) with cluster_name, field 1, and authority,
 * field 2. The authority is named because the default, the cluster's name, may hold characters (Istio's `|`) for
 * which HTTP/2 servers reset the stream.
 */
export function grpcService(cluster: Text, authority: Text): Text {
  const inner = field(field(scratch + 8, 0x0a, cluster), 0x12, authority);
  const length = u32(inner - (scratch + 8));
  // The outer length takes one byte up to 127, two above; put it right before the inner message.
  let at = scratch + 8;
  if (length < 128) {
    store<u8>(--at, u8(length));
  } else {
    store<u8>(--at, u8(length >> 7));
    store<u8>(--at, u8(length & 127) | 128);
  }
  store<u8>(--at, 0x0a);
  const service = emptyText(u32(inner - at));
  assign(service, at, u32(inner - at));
  return service;
}

function field(at: usize, tag: u8, value: Text): usize {
  store<u8>(at++, tag);
  if (value.length >= 128) {
    store<u8>(at++, u8(value.length & 127) | 128);
    store<u8>(at++, u8(value.length >> 7));
  } else {
    store<u8>(at++, u8(value.length));
  }
  memory.copy(at, value.at, value.length);
  return at + value.length;
}
