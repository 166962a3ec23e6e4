// Small messages that stand in many of Envoy's.

import { bytes, joined, message, varint } from "../protobuf/fields.ts";

const URL = "type.googleapis.com/";
const STRING_VALUE = "google.protobuf.StringValue";

/** The fields of a google.protobuf.Any. */
export function any(type: string, content: Uint8Array): Uint8Array {
  return joined(bytes(1, URL + type), bytes(2, content));
}

/** The fields of an Any that holds a text. */
export function anyText(text: string): Uint8Array {
  return any(STRING_VALUE, bytes(1, text));
}

/** A field that holds a google.protobuf.Duration, whole seconds. */
export function seconds(number: number, value: number): Uint8Array {
  return message(number, varint(1, value));
}

/** A field that holds a google.protobuf.Duration of so many milliseconds, less than a second. */
export function milliseconds(number: number, value: number): Uint8Array {
  return message(number, varint(2, value * 1_000_000));
}

/** A field that holds one of google.protobuf's wrappers of numbers and booleans. */
export function wrapped(number: number, value: number): Uint8Array {
  return message(number, varint(1, value));
}

/** An entry of a map from texts to messages. */
export function entry(number: number, key: string, value: Uint8Array): Uint8Array {
  return message(number, bytes(1, key), bytes(2, value));
}

/** The fields of a config.core.v3.TypedExtensionConfig. */
export function extension(name: string, type: string, content: Uint8Array = new Uint8Array()): Uint8Array {
  return joined(bytes(1, name), bytes(2, any(type, content)));
}

/** The fields of a google.protobuf.Struct of texts. */
export function struct(fields: Readonly<Record<string, string>>): Uint8Array {
  return joined(...Object.entries(fields).map(([key, text]) => entry(1, key, bytes(3, text))));
}

/** The fields of a config.core.v3.Address of TCP; the host is an IP address or a name. */
export function address(host: string, port: number): Uint8Array {
  return message(1, bytes(2, host), varint(3, port));
}
