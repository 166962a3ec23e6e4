import { PLUGIN_SESSION_AFFINITY_SCORER } from "../../../wire/layout.ts";
import { listOf, number, oneOf, type Place } from "../../support/fields.ts";
import { anyText, word } from "../readers.ts";
import { idle, optional, record, withDefault } from "../shape.ts";
import { plugin, scoring } from "./plugin.ts";

const HEADER = "x-session-token";
const ENCODED = "encoded_endpoint_header";
const SESSION_ID = "session_id";

function oneOfTwo(source: { header?: string | undefined; attribute?: string | undefined }, place: Place): void {
  if (!source.header === !source.attribute) place.refuse("exactly one of header and attribute must be set");
}

const readSource = record({ header: optional(anyText), attribute: optional(anyText), producer: optional(anyText) });
const sources = listOf((value, place) => {
  const source = readSource(value, place);
  if (source !== undefined) oneOfTwo(source, place);
  return source;
});
const seconds = number({ over: 0 });

/**
 * Prefers the endpoint that the request names in a header, as an earlier answer gave it out.
 * The strategy session_id remembers sessions that clients name themselves. There is none of that here: with it the
 * plugin leaves the choice to the others, as the reference does for a session that it has not seen.
 */
export const sessionAffinityScorer = plugin({
  type: "session-affinity-scorer",
  stage: "scorer",
  shape: {
    strategy: withDefault(oneOf(ENCODED, SESSION_ID), ENCODED),
    encodedEndpointHeaderConfig: withDefault(record({ header: optional(anyText) }), { header: HEADER }),
    sessionIdConfig: idle(
      record({
        sources: withDefault(sources, [{ header: "x-session-id" }]),
        evictionTtlSeconds: withDefault(seconds, 300),
        evictionSweepSeconds: withDefault(seconds, 10),
      }),
    ),
    profileName: idle(word),
  },
  check(values, place) {
    if (values.strategy === SESSION_ID) {
      place.at("strategy").warn(`${SESSION_ID} has no effect in this version: no session is remembered`);
    }
    const header = values.encodedEndpointHeaderConfig.header?.trim().toLowerCase() || HEADER;
    return { ...values, encodedEndpointHeaderConfig: { header } };
  },
  steps: ({ strategy, encodedEndpointHeaderConfig: { header = HEADER } }) =>
    strategy === ENCODED ? [scoring(PLUGIN_SESSION_AFFINITY_SCORER, { text: header })] : [],
});
