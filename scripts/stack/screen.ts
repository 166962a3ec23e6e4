import { type PortUse, portsOf } from "./settings.ts";

/** The endpoint file in the repository, and the one that the sidecar follows: a copy where ports are other ones. */
export type EndpointFile = { original: string; followed: string };

/** What is shown once everything runs: where it is, and what to try. */
export function screen(
  ports: readonly PortUse[],
  envoyVersion: string,
  logs: string,
  { original, followed }: EndpointFile,
): string {
  const [requests] = portsOf(ports, "--envoy-port");
  const [admin] = portsOf(ports, "--envoy-admin-port");
  const [state] = portsOf(ports, "--state-port");
  const [health] = portsOf(ports, "--health-port");
  const [metrics] = portsOf(ports, "--metrics-port");
  const [page] = portsOf(ports, "--page-port");
  const simulators = portsOf(ports, "--simulator-ports");
  const body = `{"model":"base","messages":[{"role":"user","content":"Hello"}],"max_tokens":8}`;
  const endpoints =
    followed === original
      ? `${original}: changes are followed`
      : `${followed}: a copy for these ports. Change this one, ${original} is not followed`;
  return `
inline-epp is running.

  Envoy ${envoyVersion.padEnd(9)} http://127.0.0.1:${requests}   admin: http://127.0.0.1:${admin}
  sidecar         http://127.0.0.1:${metrics}/metrics   state: ${state} (gRPC), health: ${health} (gRPC)
  page            http://127.0.0.1:${page}   what the sidecar knows and what requests do, live
  simulators      ${simulators.map((simulator) => `http://127.0.0.1:${simulator}`).join(", ")}   models: base, reviews-1
  endpoints       ${endpoints}

Try, in another terminal:

  1. A request. The header x-gateway-destination-endpoint-served tells who answered.
     curl -i 127.0.0.1:${requests}/v1/chat/completions -H 'content-type: application/json' \\
       -d '${body}'

  2. Make the first simulator look saturated, ask again, and see that the picks avoid it.
     curl -X POST 127.0.0.1:${simulators[0]}/admin/state -d '{"waiting":50,"running":16,"kvCacheUsage":0.99}'
     Back to normal:  curl -X DELETE 127.0.0.1:${simulators[0]}/admin/state

Logs are in ${logs}/. Ctrl-C ends everything. Requests:
`;
}
