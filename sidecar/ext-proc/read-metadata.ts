// What a gateway tells beside headers and bodies, of which only text, and lists of text, matter. Fields by number:
//   Metadata: filter_metadata 1 (a map to Structs). Attributes: 9 of the ProcessingRequest (a map to Structs)
//   google.protobuf.Struct: fields 1 (a map to Values). Value: string_value 3, struct_value 5, list_value 6.
//   ListValue: values 1. Map entries: key 1, value 2

import type { ProtoReader } from "../protobuf/reader.ts";
import { BYTES } from "../protobuf/wire.ts";
import type { ProcessingRequest } from "./read-request.ts";

const SUBSET_NAMESPACE = "envoy.lb.subset_hint";
const SUBSET_KEY = "x-gateway-destination-endpoint-subset";
const SERVED_NAMESPACE = "envoy.lb";
const SERVED_KEY = "x-gateway-destination-endpoint-served";
const UPSTREAM_ADDRESS = "upstream.address";

/** The message with metadata, in which the reader stands. */
export function readMetadata(reader: ProtoReader, message: ProcessingRequest): void {
  readMap(reader, (space) => {
    readStruct(reader, (key, text) => {
      if (space === SUBSET_NAMESPACE && key === SUBSET_KEY) message.subset = text;
      else if (space === SERVED_NAMESPACE && key === SERVED_KEY && text) message.served = text;
    });
  });
}

/** One entry of the attributes, in which the reader stands: each occurrence of the field is one. */
export function readAttributes(reader: ProtoReader, message: ProcessingRequest): void {
  readEntry(reader, () => {
    readStruct(reader, (key, text) => {
      if (key === UPSTREAM_ADDRESS && text !== undefined) message.served ??= text;
    });
  });
}

/** `take` gets each key; text is undefined where the value is none. */
function readStruct(reader: ProtoReader, take: (key: string, text: string | undefined) => void): void {
  const struct = reader.enter();
  readMap(reader, (key) => take(key, readText(reader)));
  reader.leave(struct);
}

/** `take` gets the key of each entry, and reads its value. */
function readMap(reader: ProtoReader, take: (key: string) => void): void {
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 1 || reader.wireType !== BYTES) {
      reader.skip();
      continue;
    }
    const entry = reader.enter();
    readEntry(reader, take);
    reader.leave(entry);
  }
}

function readEntry(reader: ProtoReader, take: (key: string) => void): void {
  let key = "";
  for (let part = reader.next(); part !== 0; part = reader.next()) {
    if (part > 2 || reader.wireType !== BYTES) reader.skip();
    else if (part === 1) key = reader.text();
    else take(key);
  }
}

// A Value that is text, or a list of such, with commas; undefined where it is something else.
function readText(reader: ProtoReader): string | undefined {
  const value = reader.enter();
  let text: string | undefined;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if ((field !== 3 && field !== 6) || reader.wireType !== BYTES) reader.skip();
    else text = field === 3 ? reader.text() : readList(reader);
  }
  reader.leave(value);
  return text;
}

function readList(reader: ProtoReader): string {
  const list = reader.enter();
  const texts: string[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 1 || reader.wireType !== BYTES) {
      reader.skip();
      continue;
    }
    const text = readText(reader);
    if (text !== undefined) texts.push(text);
  }
  reader.leave(list);
  return texts.join(",");
}
