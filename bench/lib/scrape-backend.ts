/** How addresses of endpoints are made from numbers: all of 127.0.0.0/8 is this machine on Linux. */
function hostOf(index: number): string {
  return `127.1.${index >> 8}.${index & 255}`;
}

/** Addresses of so many endpoints, each with an IP of its own and all with this port. */
export function endpointAddresses(count: number, port: number): string[] {
  return Array.from({ length: count }, (_, index) => `${hostOf(index)}:${port}`);
}

/** Envoy configuration of so many endpoints that answer every request with an exposition, whatever its path. */
export function expositionConfig(count: number, port: number, adminPort: number, exposition: string): unknown {
  const address = (host: string, number: number) => ({ socket_address: { address: host, port_value: number } });
  const [first, ...more] = Array.from({ length: count }, (_, index) => address(hostOf(index), port));
  const type = "type.googleapis.com/envoy.extensions.filters";
  const manager = {
    "@type": `${type}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "expositions",
    http_filters: [{ name: "envoy.filters.http.router", typed_config: { "@type": `${type}.http.router.v3.Router` } }],
    route_config: {
      max_direct_response_body_size_bytes: 1 << 20,
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [
            {
              match: { prefix: "/" },
              direct_response: { status: 200, body: { inline_string: exposition } },
              response_headers_to_add: [{ header: { key: "content-type", value: "text/plain; version=0.0.4" } }],
            },
          ],
        },
      ],
    },
  };
  const filters = [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }];
  const listener = {
    name: "expositions",
    address: first,
    additional_addresses: more.map((each) => ({ address: each })),
    filter_chains: [{ filters }],
  };
  return { admin: { address: address("127.0.0.1", adminPort) }, static_resources: { listeners: [listener] } };
}
