// Messages of ext_proc as a protobuf library writes and reads them, by a schema of the fields that tests need.

import protobuf from "protobufjs";

const field = (type: string, id: number, rule?: "repeated") => ({ type, id, ...(rule && { rule }) });
const map = (type: string, id: number) => ({ keyType: "string", type, id });

const root = protobuf.Root.fromJSON({
  nested: {
    Value: {
      oneofs: { kind: { oneof: ["numberValue", "stringValue", "structValue", "listValue"] } },
      fields: {
        numberValue: field("double", 2),
        stringValue: field("string", 3),
        structValue: field("Struct", 5),
        listValue: field("ListValue", 6),
      },
    },
    Struct: { fields: { fields: map("Value", 1) } },
    ListValue: { fields: { values: field("Value", 1, "repeated") } },
    Metadata: { fields: { filterMetadata: map("Struct", 1) } },
    HeaderValue: { fields: { key: field("string", 1), value: field("string", 2), rawValue: field("bytes", 3) } },
    HeaderMap: { fields: { headers: field("HeaderValue", 1, "repeated") } },
    HttpHeaders: { fields: { headers: field("HeaderMap", 1), endOfStream: field("bool", 3) } },
    HttpBody: { fields: { body: field("bytes", 1), endOfStream: field("bool", 2) } },
    HttpTrailers: { fields: { trailers: field("HeaderMap", 1) } },
    ProtocolConfiguration: { fields: { requestBodyMode: field("int32", 1), responseBodyMode: field("int32", 2) } },
    ProcessingRequest: {
      fields: {
        requestHeaders: field("HttpHeaders", 2),
        responseHeaders: field("HttpHeaders", 3),
        requestBody: field("HttpBody", 4),
        responseBody: field("HttpBody", 5),
        requestTrailers: field("HttpTrailers", 6),
        responseTrailers: field("HttpTrailers", 7),
        metadataContext: field("Metadata", 8),
        attributes: map("Struct", 9),
        observabilityMode: field("bool", 10),
        protocolConfig: field("ProtocolConfiguration", 11),
      },
    },
    HeaderValueOption: { fields: { header: field("HeaderValue", 1), appendAction: field("int32", 3) } },
    HeaderMutation: {
      fields: { setHeaders: field("HeaderValueOption", 1, "repeated"), removeHeaders: field("string", 2, "repeated") },
    },
    StreamedBodyResponse: { fields: { body: field("bytes", 1), endOfStream: field("bool", 2) } },
    BodyMutation: {
      oneofs: { mutation: { oneof: ["body", "clearBody", "streamedResponse"] } },
      fields: {
        body: field("bytes", 1),
        clearBody: field("bool", 2),
        streamedResponse: field("StreamedBodyResponse", 3),
      },
    },
    CommonResponse: {
      fields: {
        status: field("int32", 1),
        headerMutation: field("HeaderMutation", 2),
        bodyMutation: field("BodyMutation", 3),
        clearRouteCache: field("bool", 5),
      },
    },
    PartResponse: { fields: { response: field("CommonResponse", 1) } },
    TrailersResponse: { fields: { headerMutation: field("HeaderMutation", 1) } },
    HttpStatus: { fields: { code: field("int32", 1) } },
    ImmediateResponse: {
      fields: {
        status: field("HttpStatus", 1),
        headers: field("HeaderMutation", 2),
        body: field("bytes", 3),
        details: field("string", 5),
      },
    },
    ProcessingResponse: {
      fields: {
        requestHeaders: field("PartResponse", 1),
        responseHeaders: field("PartResponse", 2),
        requestBody: field("PartResponse", 3),
        responseBody: field("PartResponse", 4),
        requestTrailers: field("TrailersResponse", 5),
        responseTrailers: field("TrailersResponse", 6),
        immediateResponse: field("ImmediateResponse", 7),
        dynamicMetadata: field("Struct", 8),
      },
    },
  },
});

const REQUEST = root.lookupType("ProcessingRequest");
const RESPONSE = root.lookupType("ProcessingResponse");

/** Bytes of a message of the gateway. */
export function encodeRequest(message: Readonly<Record<string, unknown>>): Buffer {
  const problem = REQUEST.verify(message);
  if (problem !== null) throw new Error(problem);
  return Buffer.from(REQUEST.encode(REQUEST.create(message)).finish());
}

/** What a message to the gateway says. */
export interface Answer {
  /** The one field that says what it is about. */
  readonly kind: string;
  readonly set: Readonly<Record<string, string>>;
  readonly removed: readonly string[];
  /** The body that takes the place of what came; undefined: it stays. */
  readonly body: string | undefined;
  /** Whether the body comes as a piece, and whether it is the last one. */
  readonly piece: boolean;
  readonly end: boolean;
  readonly reroutes: boolean;
  /** Of an answer in place of the endpoint's. */
  readonly status: number | undefined;
  readonly details: string | undefined;
  /** Dynamic metadata as plain objects. */
  readonly metadata: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: as the library gives it
type Plain = Readonly<Record<string, any>>;

function plainStruct(struct: Plain | undefined): unknown {
  if (struct === undefined) return undefined;
  const value = ({ stringValue, structValue }: Plain) => stringValue ?? plainStruct(structValue);
  return Object.fromEntries(Object.entries(struct.fields ?? {}).map(([key, each]) => [key, value(each as Plain)]));
}

/** Reads a message to the gateway; fails where it has a field that no schema knows, or two of the kinds. */
export function decodeAnswer(bytes: Uint8Array): Answer {
  const decoded: Plain = RESPONSE.toObject(RESPONSE.decode(bytes), { bytes: Buffer });
  const { dynamicMetadata, ...parts } = decoded;
  const kinds = Object.keys(parts);
  if (kinds.length !== 1) throw new Error(`a message with ${kinds.join(", ") || "nothing"}`);
  const kind = kinds[0]!;
  const part: Plain = parts[kind];
  const common: Plain = part.response ?? {};
  const mutation: Plain = common.headerMutation ?? part.headers ?? {};
  const { body, clearBody, streamedResponse } = (common.bodyMutation ?? {}) as Plain;
  const bytesOf = streamedResponse === undefined ? (clearBody ? Buffer.alloc(0) : body) : (streamedResponse.body ?? []);
  const own = kind === "immediateResponse" ? part.body : bytesOf;
  return {
    kind,
    set: Object.fromEntries(
      ((mutation.setHeaders ?? []) as Plain[]).map(({ header, appendAction }) => {
        if (appendAction !== 2) throw new Error(`${header.key} does not replace what came`);
        return [header.key, Buffer.from(header.rawValue).toString()];
      }),
    ),
    removed: mutation.removeHeaders ?? [],
    body: own === undefined ? undefined : Buffer.from(own).toString(),
    piece: streamedResponse !== undefined,
    end: streamedResponse?.endOfStream === true,
    reroutes: common.clearRouteCache === true,
    status: part.status?.code,
    details: part.details,
    metadata: plainStruct(dynamicMetadata),
  };
}
