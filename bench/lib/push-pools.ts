import type { DiscoveredPool } from "../../sidecar/discovery/pool.ts";
import type { Endpoint } from "../../wire/model.ts";

/** Ten labels, as pods of a deployment have them: most shared, some a pod's own. */
function labels(index: number): Endpoint["labels"] {
  return {
    app: "vllm",
    "app.kubernetes.io/instance": `llama-${index >> 8}`,
    "app.kubernetes.io/name": "vllm-llama",
    "apps.kubernetes.io/pod-index": `${index}`,
    "llm-d.ai/inference-serving": "true",
    "llm-d.ai/model": "meta-llama/Llama-3.1-8B-Instruct",
    "llm-d.ai/role": index % 2 === 0 ? "decode" : "prefill",
    "pod-template-hash": `7d9f8b${(index >> 6).toString(16)}c5`,
    "statefulset.kubernetes.io/pod-name": `vllm-llama-8b-instruct-${index}`,
    "topology.kubernetes.io/zone": `zone-${index % 3}`,
  };
}

/** So many pools of so many endpoints each, all ready. */
export function benchPools(pools: number, endpoints: number): readonly DiscoveredPool[] {
  return Array.from({ length: pools }, (_, pool) => ({
    ...{ name: `inference/pool-${pool}`, objectives: [], rewrites: [] },
    endpoints: Array.from({ length: endpoints }, (_unused, index) => {
      const number = pool * endpoints + index;
      const address = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}:8000`;
      const name = `inference/vllm-llama-8b-instruct-7d9f8b6c5-${number.toString(36).padStart(5, "0")}`;
      return {
        ...{ ready: true, metricsUrl: `http://${address}/metrics` },
        endpoint: { address, name, zone: `zone-${number % 3}`, labels: labels(number), engine: 0, role: 0, rank: 0 },
      };
    }),
  }));
}

/** The pools' names. */
export function names(pools: readonly DiscoveredPool[]): string[] {
  return pools.map(({ name }) => name);
}

/** The pools with the readiness of one endpoint turned over; what has not changed is the same as before. */
export function turned(pools: readonly DiscoveredPool[], pool: number, endpoint: number): readonly DiscoveredPool[] {
  const { endpoints, ...rest } = pools[pool]!;
  const one = endpoints[endpoint]!;
  return pools.with(pool, { ...rest, endpoints: endpoints.with(endpoint, { ...one, ready: !one.ready }) });
}
