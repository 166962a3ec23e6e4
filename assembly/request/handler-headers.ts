// How picks travel: the destination, and what a profile handler picks beside it. Behind the buffer filter they leave as
// filter state; held by this filter, they are set as headers here. A client has no say in them.

import * as host from "../abi/host.ts";
import { MAP_REQUEST_HEADERS } from "../abi/values.ts";
import { HOLD_SELF } from "../config/plugin-config.ts";
import { Root } from "../root.ts";
import { Line } from "../text/line.ts";
import { Text, text } from "../text/text.ts";

/** The endpoint that computes the prompt. */
export const PREFILLER_HEADER = text("x-prefiller-host-port");
export const PREFILLER_STATE = text("prefiller");
/** The endpoints that encode images, audio and video. */
export const ENCODERS_HEADER = text("x-encoder-hosts-ports");
export const ENCODERS_STATE = text("encoders");
/** The rank that serves, where the destination is its pod's primary port. */
export const DATA_PARALLEL_HEADER = text("x-data-parallel-host-port");
export const DATA_PARALLEL_STATE = text("data_parallel");

/** Removes what the client sent under the handlers' names. */
export function removeHandlerHeaders(): void {
  host.removeHeader(MAP_REQUEST_HEADERS, PREFILLER_HEADER);
  host.removeHeader(MAP_REQUEST_HEADERS, ENCODERS_HEADER);
  host.removeHeader(MAP_REQUEST_HEADERS, DATA_PARALLEL_HEADER);
}

/** Sends addresses on their way: as a header where this filter holds the request, else as filter state. */
export function sendPick(root: Root, header: Text, state: Text, addresses: Line): void {
  if (root.config.hold == HOLD_SELF) host.setHeader(MAP_REQUEST_HEADERS, header, addresses.at, addresses.length);
  else host.setProperty(state, addresses.at, addresses.length);
}
