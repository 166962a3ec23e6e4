import assert from "node:assert/strict";
import { test } from "node:test";
import { movePorts } from "../../scripts/stack/move-ports.ts";

test("moving ports changes them wherever they stand, and nothing else", () => {
  const text = `# Port 8001 is mentioned here.
a:
  - socket_address: { address: 127.0.0.1, port_value: 8001 } # and 8001 here
  - socket_address: { address: 127.0.0.1, port_value: 8002 }
b:
  - address: 127.0.0.1:8001
    name: default/sim-8001
  - address: "[::1]:8001"
c: 8001
`;
  const expected = text
    .replace("port_value: 8001", "port_value: 18001")
    .replace("127.0.0.1:8001", "127.0.0.1:18001")
    .replace("[::1]:8001", "[::1]:18001");
  assert.equal(movePorts(text, new Map([[8001, 18001]])), expected);
  assert.equal(movePorts(text, new Map()), text);
});
