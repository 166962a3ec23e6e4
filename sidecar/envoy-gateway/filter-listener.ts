// What becomes of a listener behind which there are InferencePools: the filter stands in front of the router, off
// unless a route turns it on, and with a configuration that gateways fetch from the sidecar.

import {
  bytes,
  contentsOf,
  edited,
  fieldsOf,
  has,
  joined,
  message,
  messageIn,
  textIn,
  varint,
} from "../protobuf/fields.ts";
import { FILTER } from "../xds/filter-configs.ts";
import { sidecarSource } from "./sidecar-source.ts";

/** Fields of config.listener.v3.Listener that hold a FilterChain. */
const FILTER_CHAINS = 3;
const DEFAULT_FILTER_CHAIN = 25;
/** FilterChain.filters, and what is in each. */
const FILTERS = 3;
const TYPED_CONFIG = 4;
/** Fields of HttpConnectionManager. */
const RDS = 3;
const HTTP_FILTERS = 5;

const TYPES = "type.googleapis.com/";
const MANAGER = `${TYPES}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`;
const ROUTER = `${TYPES}envoy.extensions.filters.http.router.v3.Router`;
const WASM = `${TYPES}envoy.extensions.filters.http.wasm.v3.Wasm`;

function httpFilter(target: string): Uint8Array {
  const discovery = message(5, message(1, sidecarSource(target)), bytes(4, WASM));
  return message(HTTP_FILTERS, bytes(1, FILTER), discovery, varint(7, 1));
}

function isRouter(filter: Uint8Array): boolean {
  return textIn(messageIn(filter, TYPED_CONFIG) ?? joined(), 1) === ROUTER;
}

function withFilter(manager: Uint8Array, target: string): Uint8Array {
  const names = contentsOf(manager, HTTP_FILTERS).map((filter) => textIn(filter, 1));
  // Routes that stand in the listener itself are Envoy Gateway's own, for its probes.
  if (names.includes(FILTER) || !has(manager, RDS)) return manager;
  const parts = fieldsOf(manager).flatMap(({ number, whole, content }) =>
    number === HTTP_FILTERS && content !== undefined && isRouter(content) ? [httpFilter(target), whole] : [whole],
  );
  return joined(...parts);
}

/** A Listener with the filter in each of its HTTP connection managers, once. */
export function filterListener(listener: Uint8Array, target: string): Uint8Array {
  const inConfig = (config: Uint8Array): Uint8Array =>
    textIn(config, 1) === MANAGER ? edited(config, 2, (manager) => withFilter(manager, target)) : config;
  const inFilter = (filter: Uint8Array): Uint8Array => edited(filter, TYPED_CONFIG, inConfig);
  const inChain = (chain: Uint8Array): Uint8Array => edited(chain, FILTERS, inFilter);
  return edited(edited(listener, FILTER_CHAINS, inChain), DEFAULT_FILTER_CHAIN, inChain);
}
