import type { FilterStream } from "../wasm-host/stream.ts";
import type { PairBlock } from "./pair-block.ts";
import type { ExtProcSettings } from "./settings.ts";
import type { Destination } from "./write-response.ts";

/** What the filter's decision is for the gateway. */
export interface Decision {
  /** `ip:port`, several with commas, best first; empty where nothing was picked. */
  readonly addresses: string;
  readonly headers: readonly (readonly [name: string, value: string | undefined])[];
  readonly destination: Destination | undefined;
}

/** Filter state that becomes headers, as Envoy's header_mutation filter does it behind the filter. */
const STATES = [
  ["model", "x-gateway-model-name"],
  ["prefiller", "x-prefiller-host-port"],
  ["encoders", "x-encoder-hosts-ports"],
  ["data_parallel", "x-data-parallel-host-port"],
] as const;
const MODEL = "model";

/** Reads the decision from what the filter has left with the request. */
export function decisionOf(stream: FilterStream, came: PairBlock, settings: ExtProcSettings): Decision {
  const { destinationKey: key, destinationNamespace: namespace } = settings;
  const addresses = stream.state.get("dest") ?? "";
  const headers: (readonly [string, string | undefined])[] = [];
  if (addresses !== "") headers.push([key, addresses]);
  else if (came.came(key)) headers.push([key, undefined]); // a client has no say
  for (const [state, name] of STATES) {
    const value = stream.state.get(state);
    if (value !== undefined) headers.push([name, value]);
    else if (state !== MODEL && came.came(name)) headers.push([name, undefined]);
  }
  return { addresses, headers, destination: addresses === "" ? undefined : { namespace, key, addresses } };
}
