import { PLUGIN_SESSION_AFFINITY_SCORER } from "../../../wire/layout.ts";
import { counting, listOf, number, oneOf, type Place, taking } from "../../support/fields.ts";
import { anyText, word } from "../readers.ts";
import { idle, optional, record, withDefault } from "../shape.ts";
import { plugin, scoring } from "./plugin.ts";

const HEADER = "x-session-token";
const ENCODED = "encoded_endpoint_header";
const SESSION_ID = "session_id";

function oneOfTwo(source: { header?: string | undefined; attribute?: string | undefined }, place: Place): void {
  if (!source.header === !source.attribute) place.refuse("exactly one of header and attribute must be set");
}

const readSource = record({
  header: optional("header that names the session", anyText),
  attribute: optional("or an attribute that does", anyText),
  producer: optional("who produces it", anyText),
});
const sources = listOf(
  taking(readSource.takes!, (value, place) => {
    const source = readSource(value, place);
    if (source !== undefined) oneOfTwo(source, place);
    return source;
  }),
);
const seconds = counting("seconds", number({ over: 0 }));

/**
 * By the endpoint that a request names.
 * The strategy session_id remembers sessions that clients name themselves. There is none of that here: with it the
 * plugin leaves the choice to the others, as the reference does for a session that it has not seen.
 */
export const sessionAffinityScorer = plugin({
  type: "session-affinity-scorer",
  about: "Prefers the endpoint that the request names in a header, as an earlier answer gave it out.",
  stage: "scorer",
  shape: {
    strategy: withDefault(
      `how sessions are known; ${SESSION_ID} has no effect: no session is remembered`,
      oneOf(ENCODED, SESSION_ID),
      ENCODED,
    ),
    encodedEndpointHeaderConfig: withDefault("the header", record({ header: optional("its name", anyText) }), {
      header: HEADER,
    }),
    sessionIdConfig: idle(
      "how sessions are remembered",
      record({
        sources: withDefault("what names sessions", sources, [{ header: "x-session-id" }]),
        evictionTtlSeconds: withDefault("after which a session is forgotten", seconds, 300),
        evictionSweepSeconds: withDefault("time between two looks for such", seconds, 10),
      }),
    ),
    profileName: idle("profile whose pick is remembered", word),
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
