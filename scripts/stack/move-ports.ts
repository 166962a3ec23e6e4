import { isScalar, parseDocument, visit } from "yaml";

/**
 * Moves a configuration file in YAML to other ports, comments and all: each `port_value: <port>`, and each
 * `address: <ip>:<port>`.
 */
export function movePorts(text: string, ports: ReadonlyMap<number, number>): string {
  const document = parseDocument(text);
  visit(document, {
    Pair(_, { key, value }) {
      if (!isScalar(key) || !isScalar(value)) return;
      if (key.value === "port_value") value.value = ports.get(Number(value.value)) ?? value.value;
      if (key.value === "address") {
        value.value = String(value.value).replace(/:(\d+)$/, (_, port) => `:${ports.get(Number(port)) ?? port}`);
      }
    },
  });
  return document.toString({ lineWidth: 0 });
}
