// The model of a request: when it may be replaced, what the host's headers have to say of it, and its name's way back.

import * as host from "../abi/host.ts";
import { MAP_REQUEST_HEADERS, MAP_RESPONSE_HEADERS } from "../abi/values.ts";
import { Body, bodyModelAt, isKnown } from "../body/body.ts";
import { HOLD_SELF } from "../config/plugin-config.ts";
import { xxh64 } from "../hash/xxh64.ts";
import { isEdited, Renaming, setTarget, takeRenaming } from "../policy/renaming.ts";
import { hasTargets } from "../policy/rewrite.ts";
import { Root } from "../root.ts";
import { Line } from "../text/line.ts";
import { text } from "../text/text.ts";
import { MODEL_NAME_MAX } from "../../wire/layout.ts";
import { sendPick } from "./handler-headers.ts";
import { Request } from "./request.ts";

/** The model that the request has got. */
const MODEL_HEADER = text("x-gateway-model-name");
const MODEL_STATE = text("model");
const CONTENT_LENGTH = text("content-length");
const CONTENT_TYPE = text("content-type");
const CONTENT_ENCODING = text("content-encoding");
const JSON_TYPE = text("json"); // application/json, application/problem+json
const EVENTS_TYPE = text("event-stream");
const value = new Line();

/**
 * A request with a body begins: finds out whether its model may be replaced. Behind the buffer filter its length is
 * forgotten then, which that filter tells anew.
 */
export function beginRenaming(root: Root, request: Request): void {
  // What a header demands comes before all rules.
  const forced = request.forcedModel;
  const length = request.forcedModelLength;
  const named = length != 0 && length <= u32(MODEL_NAME_MAX);
  if (!named && !poolRenames(root, request)) return;
  const renaming = takeRenaming();
  if (renaming === null) return;
  request.renaming = changetype<usize>(renaming);
  if (named) setTarget(renaming, xxh64(forced, length), forced, length);
  if (root.config.hold != HOLD_SELF) host.removeHeader(MAP_REQUEST_HEADERS, CONTENT_LENGTH);
}

// A pool that this worker has not seen yet is read now: its first request is subject to its rules, too.
function poolRenames(root: Root, request: Request): bool {
  const known = root.knownPool(request.pool);
  const pool = known === null ? root.freshPool(request.pool) : known;
  return pool !== null && hasTargets(pool.policy);
}

/** xxh64 of the model that the client asked for; 0: none. The body is complete. */
export function clientModel(request: Request): u64 {
  if (request.renaming != 0) {
    const renaming = changetype<Renaming>(request.renaming);
    if (isEdited(renaming)) return renaming.client;
  }
  return request.body == 0 ? 0 : changetype<Body>(request.body).modelHash;
}

/** Tells which model the request has. */
export function sendModel(root: Root, request: Request): void {
  if (request.body == 0) return;
  const body = changetype<Body>(request.body);
  const at = bodyModelAt(body);
  const length = body.modelLength;
  if (!isKnown(body) || length == 0 || !fitsHeader(at, length)) return;
  if (xxh64(at, length) != body.modelHash) return; // it is longer than what is kept of it
  sendPick(root, MODEL_HEADER, MODEL_STATE, value.clear().bytes(at, length));
}

/**
 * Tells the new length of a body that this filter holds and has changed, whether the request gets an endpoint or not.
 */
export function tellLength(root: Root, request: Request): void {
  if (request.renaming == 0 || root.config.hold != HOLD_SELF) return;
  if (!isEdited(changetype<Renaming>(request.renaming))) return;
  if (!host.getHeader(MAP_REQUEST_HEADERS, CONTENT_LENGTH.at, CONTENT_LENGTH.length)) return;
  value.clear().number(request.scanned);
  host.setHeader(MAP_REQUEST_HEADERS, CONTENT_LENGTH, value.at, value.length);
}

// Whether these bytes may stand in a header: a client writes them, and a line end would begin a header of its own.
function fitsHeader(at: usize, length: u32): bool {
  for (let i: u32 = 0; i < length; i++) {
    const byte = load<u8>(at + i);
    if (byte < 0x20 || byte == 0x7f) return false;
  }
  return true;
}

/** An endpoint's answer begins: where its model has to be renamed, what follows may have another length. */
export function beginAnswer(request: Request): void {
  if (request.renaming == 0) return;
  const renaming = changetype<Renaming>(request.renaming);
  if (renaming.client == 0 || renaming.client == renaming.target || renaming.clientJsonLength == 0) return;
  if (host.getHeader(MAP_RESPONSE_HEADERS, CONTENT_ENCODING.at, CONTENT_ENCODING.length)) return;
  if (!host.getHeader(MAP_RESPONSE_HEADERS, CONTENT_TYPE.at, CONTENT_TYPE.length)) return;
  if (!within(JSON_TYPE.at, JSON_TYPE.length) && !within(EVENTS_TYPE.at, EVENTS_TYPE.length)) return;
  renaming.answering = true;
  host.removeHeader(MAP_RESPONSE_HEADERS, CONTENT_LENGTH);
}

// Whether the header value that was read last has these bytes in it.
function within(part: usize, length: u32): bool {
  for (let i: u32 = 0; i + length <= host.resultLength; i++) {
    if (memory.compare(host.resultAt + i, part, length) == 0) return true;
  }
  return false;
}
