// A collector for tests: takes OTLP over HTTP and over gRPC, protobuf in both, and keeps the spans.

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import protobuf from "protobufjs";

// What of https://github.com/open-telemetry/opentelemetry-proto is looked at here.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message ArrayValue { repeated AnyValue values = 1; }
  message AnyValue {
    oneof value {
      string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
      ArrayValue array_value = 5;
    }
  }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Event { fixed64 time_unix_nano = 1; string name = 2; }
  message Status { string message = 2; int32 code = 3; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
    repeated Event events = 11; Status status = 15;
  }
  message ScopeSpans { repeated Span spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Request { repeated ResourceSpans resource_spans = 1; }
`);
const REQUEST = root.lookupType("Request");
const METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

export type AttributeValue = string | number | boolean | AttributeValue[];

/** A span as it came; ids are hex, times nanoseconds since 1970. */
export interface ReceivedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it is a root. */
  readonly parentId: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly resource: Readonly<Record<string, AttributeValue>>;
  readonly events: readonly { readonly name: string; readonly at: bigint }[];
  /** 0 unset, 1 ok, 2 error. */
  readonly status: { readonly code: number; readonly message: string };
}

type Any = {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  doubleValue?: number;
  arrayValue?: { values: Any[] };
};
type Pair = { key: string; value: Any };

function plain(value: Any): AttributeValue {
  if (value.arrayValue !== undefined) return value.arrayValue.values.map(plain);
  if (value.intValue !== undefined) return Number(value.intValue);
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? "";
}

const record = (pairs: readonly Pair[] = []) => Object.fromEntries(pairs.map(({ key, value }) => [key, plain(value)]));

interface WireSpan {
  traceId: Buffer;
  spanId: Buffer;
  parentSpanId: Buffer;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Pair[];
  events: { name: string; timeUnixNano: string }[];
  status?: { code: number; message: string };
}

function spansOf(bytes: Uint8Array): ReceivedSpan[] {
  const message = REQUEST.toObject(REQUEST.decode(bytes), { longs: String, defaults: false, arrays: true });
  const groups = message.resourceSpans as { resource?: { attributes: Pair[] }; scopeSpans: { spans: WireSpan[] }[] }[];
  const hex = (id: Buffer | undefined) => Buffer.from(id ?? []).toString("hex");
  return groups.flatMap(({ resource, scopeSpans }) => {
    const about = record(resource?.attributes);
    return scopeSpans
      .flatMap(({ spans }) => spans)
      .map((span) => ({
        service: String(about["service.name"] ?? ""),
        resource: about,
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parentId: hex(span.parentSpanId),
        name: span.name,
        kind: span.kind ?? 0,
        start: BigInt(span.startTimeUnixNano),
        end: BigInt(span.endTimeUnixNano),
        attributes: record(span.attributes),
        events: span.events.map(({ name, timeUnixNano }) => ({ name, at: BigInt(timeUnixNano) })),
        status: { code: span.status?.code ?? 0, message: span.status?.message ?? "" },
      }));
  });
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** A collector at work. */
export interface OtlpReceiver {
  /** `127.0.0.1:port` of each. */
  readonly http: string;
  readonly grpc: string;
  /** All that has come. */
  readonly spans: readonly ReceivedSpan[];
}

/** Starts a collector, which ends with the test. */
export async function startOtlpReceiver(t: TestContext): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const http = createServer(async (request, response) => {
    const body = await bodyOf(request);
    if (request.method === "POST" && request.url === "/v1/traces") spans.push(...spansOf(body));
    else response.statusCode = 404;
    response.setHeader("content-type", "application/x-protobuf").end();
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const grpc = new Server();
  const bytes = (value: Buffer) => value;
  const [serialize, deserialize] = [bytes, bytes];
  grpc.addService(
    {
      Export: {
        path: METHOD,
        requestStream: false,
        responseStream: false,
        requestSerialize: serialize,
        requestDeserialize: deserialize,
        responseSerialize: serialize,
        responseDeserialize: deserialize,
      },
    },
    {
      Export: ({ request }: { request: Buffer }, done: (error: null, response: Buffer) => void) => {
        spans.push(...spansOf(request));
        done(null, Buffer.alloc(0));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    const insecure = ServerCredentials.createInsecure();
    grpc.bindAsync("127.0.0.1:0", insecure, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  t.after(() => {
    http.closeAllConnections();
    http.close();
    grpc.forceShutdown();
  });
  return { http: `127.0.0.1:${(http.address() as AddressInfo).port}`, grpc: `127.0.0.1:${port}`, spans };
}
