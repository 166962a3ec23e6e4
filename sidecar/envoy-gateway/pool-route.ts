// What becomes of a route that Envoy Gateway makes for an InferencePool: the filter is on, and answers may take long.

import { bytes, edited, has, joined, message, varint, without } from "../protobuf/fields.ts";
import { FILTER } from "../xds/filter-configs.ts";
import { any, entry, milliseconds, seconds, wrapped } from "../xds/values.ts";

/** Fields of config.route.v3.Route. */
const ACTION = 2;
const DIRECT_RESPONSE = 7;
const PER_FILTER_CONFIG = 13;
const PER_REQUEST_BUFFER_LIMIT = 16;
const REQUEST_BODY_BUFFER_LIMIT = 20;
/** Fields of RouteAction. */
const TIMEOUT = 8;
const RETRY_POLICY = 9;
const UPGRADE_CONFIGS = 25;

/** The longest body that is held until it is read. Longer ones get 413. */
const BODY_LIMIT = 8_388_608;
const PREVIOUS_HOSTS = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate";

/** Only where the model server cannot have begun to work. Each retry goes to the next address of the pick. */
function retryPolicy(): Uint8Array {
  return message(
    RETRY_POLICY,
    bytes(1, "connect-failure,refused-stream,reset-before-request"),
    wrapped(2, 2),
    // Without a pick the fallback policy chooses: not the same server twice, then.
    message(5, bytes(1, "envoy.retry_host_predicates.previous_hosts"), bytes(3, any(PREVIOUS_HOSTS, joined()))),
    varint(6, 5),
    message(8, milliseconds(1, 5), milliseconds(2, 50)),
  );
}

function routeAction(action: Uint8Array): Uint8Array {
  return joined(
    // What is upgraded has no body that ends, and would be held for ever.
    without(action, UPGRADE_CONFIGS),
    // Envoy's 15 seconds are for other answers.
    ...(has(action, TIMEOUT) ? [] : [seconds(TIMEOUT, 0)]),
    ...(has(action, RETRY_POLICY) ? [] : [retryPolicy()]),
  );
}

/** A Route as it has to be for a pool. */
export function poolRoute(route: Uint8Array): Uint8Array {
  // An empty configuration of its own: the filter is on, with that of the listener.
  const on = any("envoy.config.route.v3.FilterConfig", message(1));
  const limited = has(route, REQUEST_BODY_BUFFER_LIMIT) || has(route, PER_REQUEST_BUFFER_LIMIT);
  return joined(
    edited(route, ACTION, routeAction),
    entry(PER_FILTER_CONFIG, FILTER, on),
    ...(limited ? [] : [wrapped(REQUEST_BODY_BUFFER_LIMIT, BODY_LIMIT)]),
  );
}

/** A Route that answers 500 with a reason. */
export function refusingRoute(route: Uint8Array, reason: string): Uint8Array {
  const body = message(2, bytes(3, `inline-epp: ${reason}\n`));
  return joined(without(route, ACTION), message(DIRECT_RESPONSE, varint(1, 500), body));
}
