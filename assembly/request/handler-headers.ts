// The headers by which a profile handler's further picks travel. Behind the buffer filter they leave as filter state,
// like the destination; held by this filter, they are set here. A client has no say in them.

import * as host from "../abi/host.ts";
import { MAP_REQUEST_HEADERS } from "../abi/values.ts";
import { HOLD_SELF } from "../config/plugin-config.ts";
import { Root } from "../root.ts";
import { Line } from "../text/line.ts";
import { Text, text } from "../text/text.ts";

const PREFILLER_HEADER = text("x-prefiller-host-port");
const ENCODERS_HEADER = text("x-encoder-hosts-ports");
const DATA_PARALLEL_HEADER = text("x-data-parallel-host-port");
const PREFILLER_STATE = text("prefiller");
const ENCODERS_STATE = text("encoders");
const DATA_PARALLEL_STATE = text("data_parallel");

/** Removes what the client sent under the handlers' names. */
export function removeHandlerHeaders(): void {
  host.removeHeader(MAP_REQUEST_HEADERS, PREFILLER_HEADER);
  host.removeHeader(MAP_REQUEST_HEADERS, ENCODERS_HEADER);
  host.removeHeader(MAP_REQUEST_HEADERS, DATA_PARALLEL_HEADER);
}

/** Sends the address of the endpoint that computes the prompt. */
export function sendPrefiller(root: Root, address: Line): void {
  send(root, PREFILLER_HEADER, PREFILLER_STATE, address);
}

/** Sends the addresses of the endpoints that encode images, audio and video. */
export function sendEncoders(root: Root, addresses: Line): void {
  send(root, ENCODERS_HEADER, ENCODERS_STATE, addresses);
}

/** Sends the address of the rank that serves, where the destination is its pod's primary port. */
export function sendDataParallel(root: Root, address: Line): void {
  send(root, DATA_PARALLEL_HEADER, DATA_PARALLEL_STATE, address);
}

function send(root: Root, header: Text, state: Text, value: Line): void {
  if (root.config.hold == HOLD_SELF) host.setHeader(MAP_REQUEST_HEADERS, header, value.at, value.length);
  else host.setProperty(state, value.at, value.length);
}
