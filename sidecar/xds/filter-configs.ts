// The filter's configuration as gateways subscribe to it. It brings the module along, so that a gateway needs nothing
// else, and has what fits the sidecar that it is connected to: also after the sidecar was replaced by a newer one.

import { bytes, joined, message, varint } from "../protobuf/fields.ts";
import type { Resources } from "./resources.ts";
import { anyText, extension, wrapped } from "./values.ts";

/** The filter's name, its root id, and that of its VM. */
export const FILTER = "inline-epp";
const FAIL_RELOAD = 1;

/**
 * A TypedExtensionConfig with the wasm filter.
 * @param module the compiled filter.
 * @param settings its configuration, JSON.
 */
function filterConfig(module: Uint8Array, settings: string): Uint8Array {
  const code = message(3, message(1, bytes(2, module)));
  const vm = message(3, bytes(1, FILTER), bytes(2, "envoy.wasm.runtime.v8"), code);
  const plugin = joined(
    bytes(1, FILTER),
    bytes(2, FILTER),
    vm,
    message(4, anyText(settings)),
    varint(7, FAIL_RELOAD),
    wrapped(9, 1), // allow_on_headers_stop_iteration: it holds requests itself
  );
  return extension(FILTER, "envoy.extensions.filters.http.wasm.v3.Wasm", bytes(1, plugin));
}

/** The one filter, which never changes while this process lives. */
export function filterConfigs(module: Uint8Array, settings: object): Resources {
  const config = filterConfig(module, JSON.stringify(settings));
  return {
    type: "envoy.config.core.v3.TypedExtensionConfig",
    resource: (name) => (name === FILTER ? config : undefined),
    subscribe: () => () => undefined,
  };
}
