// How picks travel: the destination, and what a profile handler picks beside it. Behind the buffer filter they leave as
// filter state; held by this filter, they are set as headers here.

import * as host from "../abi/host.ts";
import { MAP_REQUEST_HEADERS } from "../abi/values.ts";
import { HOLD_SELF } from "../config/plugin-config.ts";
import { Root } from "../root.ts";
import { Line } from "../text/line.ts";
import { Text, text } from "../text/text.ts";

/** Filter state beside the headers of header-map.ts: Envoy keeps each as `wasm.<name>`. */
export const DESTINATION_STATE = text("dest");
export const PREFILLER_STATE = text("prefiller");
export const ENCODERS_STATE = text("encoders");
export const DATA_PARALLEL_STATE = text("data_parallel");

/** Sends addresses on their way: as a header where this filter holds the request, else as filter state. */
export function sendPick(root: Root, header: Text, state: Text, addresses: Line): void {
  if (root.config.hold == HOLD_SELF) host.setHeader(MAP_REQUEST_HEADERS, header, addresses.at, addresses.length);
  else host.setProperty(state, addresses.at, addresses.length);
}
