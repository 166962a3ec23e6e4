import { FilterMetrics } from "../wasm-host/metrics.ts";
import { SharedData } from "../wasm-host/shared-data.ts";
import { ConfigurationRefused, FilterVm } from "../wasm-host/vm.ts";

/**
 * Asks the filter itself whether it takes a configuration, which in a gateway would show only with the first request.
 * @param configuration JSON.
 * @returns what is wrong with it, as the filter says it; undefined where it is good.
 */
export function settingsProblem(module: Uint8Array<ArrayBuffer>, configuration: string): string | undefined {
  const said: string[] = [];
  const vm = new FilterVm(
    new WebAssembly.Module(module),
    {
      shared: new SharedData(),
      grpc: { open: () => undefined },
      now: () => 0n,
      random: (bytes) => void bytes.fill(0),
      log: (level, message) => {
        if (level === "error" || level === "critical") said.push(message);
      },
      property: () => undefined,
    },
    new FilterMetrics(),
  );
  try {
    vm.createRoot(configuration);
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigurationRefused)) throw error;
    return said.join("; ");
  }
}
