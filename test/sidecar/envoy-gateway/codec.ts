// Envoy's messages by another implementation of protobuf than the one that is tested.

import { readFileSync } from "node:fs";
import protobuf from "protobufjs";

const source = readFileSync(new URL("./envoy.proto", import.meta.url), "utf8");
const { root } = protobuf.parse(source, { keepCase: true });

/** A message as a plain object; what is not there is left out. */
// biome-ignore lint/suspicious/noExplicitAny: as many shapes as messages
export type Plain = any;

/** The bytes of a message, given as a plain object. */
export function encode(type: string, message: Plain): Buffer {
  const found = root.lookupType(`t.${type}`);
  return Buffer.from(found.encode(found.fromObject(message)).finish());
}

/** A message as a plain object; whole numbers are numbers, bytes are in base64. */
export function decode(type: string, bytes: Uint8Array): Plain {
  const found = root.lookupType(`t.${type}`);
  return found.toObject(found.decode(bytes), { longs: Number, bytes: String });
}

const ANY = "type.googleapis.com/";

/** A google.protobuf.Any: its type by its full name, and the message. */
export function any(fullName: string, type: string, message: Plain): Plain {
  return { type_url: ANY + fullName, value: encode(type, message) };
}

/** The message in an Any. */
export function inAny(type: string, { value = "" }: Plain): Plain {
  return decode(type, Buffer.from(value, "base64"));
}
