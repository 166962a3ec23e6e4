import { grpcService } from "../../assembly/sync/grpc-service.ts";
import { Text, text } from "../../assembly/text/text.ts";

let at: usize = 0;

// Reads protobuf's base-128 number at the cursor.
function varint(): u32 {
  let value: u32 = 0;
  let shift: u32 = 0;
  while (load<u8>(at) >= 128) {
    value |= u32(load<u8>(at++) & 127) << shift;
    shift += 7;
  }
  return value | (u32(load<u8>(at++)) << shift);
}

function field(tag: u8): string {
  expect(load<u8>(at++)).toBe(tag);
  const length = varint();
  at += length;
  return String.UTF8.decodeUnsafe(at - length, length);
}

// Decodes a service as protobuf does, and compares its two texts and every length on the way.
function expectService(service: Text, cluster: string, authority: string): void {
  at = service.at;
  expect(load<u8>(at++)).toBe(0x0a, "field 1, envoy_grpc");
  const length = varint();
  expect(at + length).toBe(service.at + service.length, "the message ends where the bytes do");
  expect(field(0x0a)).toBe(cluster);
  expect(field(0x12)).toBe(authority);
  expect(at).toBe(service.at + service.length);
}

function roundTrip(cluster: string, authority: string): void {
  expectService(grpcService(text(cluster), text(authority)), cluster, authority);
}

describe("the serialized GrpcService", () => {
  it("names cluster and authority", () => {
    roundTrip("sidecar", "inline-epp");
    roundTrip("outbound|9002||epp.ns.svc.cluster.local", "epp.ns.svc.cluster.local:9002");
  });

  it("is these bytes", () => {
    const service = grpcService(text("ab"), text("c"));
    const expected: u8[] = [0x0a, 7, 0x0a, 2, 0x61, 0x62, 0x12, 1, 0x63];
    expect(service.length).toBe(expected.length);
    for (let i = 0; i < expected.length; i++) expect(load<u8>(service.at + i)).toBe(expected[i]);
  });

  it("has right lengths around 127 and 128, within and without", () => {
    for (let length = 100; length < 140; length++) roundTrip("c".repeat(length), "a");
    for (let length = 100; length < 140; length++) roundTrip("c", "a".repeat(length));
  });

  it("takes the longest names that the configuration allows", () => {
    roundTrip("c".repeat(253), "a".repeat(253));
  });

  it("is a copy of its own", () => {
    const first = grpcService(text("first"), text("a"));
    grpcService(text("second"), text("b"));
    expectService(first, "first", "a");
  });
});
