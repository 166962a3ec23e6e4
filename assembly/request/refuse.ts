// Answers of the filter's own in place of a model server's.

import * as host from "../abi/host.ts";
import { Line } from "../text/line.ts";
import { Text } from "../text/text.ts";

const NO_HEADERS = new Text(0, 0);
const body = new Line();

/**
 * Answers the request with a status and `inference error: <code> - <why>`, the reference's form. `details` goes into the
 * access log's response code details. Returns false, as decide does: the request must not go on.
 */
export function refuse(status: u32, details: Text, code: string, why: Line): bool {
  host.respond(
    status, details, body.clear().add("inference error: ").add(code).add(" - ").bytes(why.at, why.length), NO_HEADERS,
  );
  return false;
}
