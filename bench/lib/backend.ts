// Model servers for measurements: one Envoy that answers on many ports. It reads the whole request, as a model server
// does, and answers a fixed completion; /metrics shows a vLLM server's exposition. Far cheaper than any program in
// JavaScript, so the machine's cores go to what is measured.

/** Envoy configuration of a backend with the given ports, each an endpoint. */
export function backendConfig(ports: readonly number[], adminPort: number, exposition: string): unknown {
  return {
    admin: { address: address(adminPort) },
    static_resources: { listeners: ports.map((port) => listener(port, exposition)) },
  };
}

const COMPLETION = JSON.stringify({
  id: "cmpl-0",
  object: "chat.completion",
  created: 0,
  model: "base",
  choices: [{ index: 0, message: { role: "assistant", content: "word ".repeat(40) }, finish_reason: "stop" }],
  usage: { prompt_tokens: 500, completion_tokens: 40, total_tokens: 540 },
});

function address(port: number) {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}

function directResponse(prefix: string, contentType: string, body: string) {
  return {
    match: { prefix },
    direct_response: { status: 200, body: { inline_string: body } },
    response_headers_to_add: [{ header: { key: "content-type", value: contentType } }],
  };
}

function listener(port: number, exposition: string) {
  return {
    name: `backend-${port}`,
    address: address(port),
    filter_chains: [
      {
        filters: [
          {
            name: "envoy.filters.network.http_connection_manager",
            typed_config: {
              "@type":
                "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
              stat_prefix: "backend",
              http_filters: [
                {
                  name: "envoy.filters.http.buffer",
                  typed_config: {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer",
                    max_request_bytes: 16 << 20,
                  },
                },
                {
                  name: "envoy.filters.http.router",
                  typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
                },
              ],
              route_config: {
                max_direct_response_body_size_bytes: 1 << 20,
                virtual_hosts: [
                  {
                    name: "all",
                    domains: ["*"],
                    routes: [
                      directResponse("/metrics", "text/plain; version=0.0.4", exposition),
                      directResponse("/", "application/json", COMPLETION),
                    ],
                  },
                ],
              },
            },
          },
        ],
      },
    ],
  };
}
