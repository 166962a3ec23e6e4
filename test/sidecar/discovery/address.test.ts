import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "../../../sidecar/discovery/address.ts";

test("reads addresses into the form that Envoy writes", () => {
  const cases: [string, string][] = [
    ["10.0.0.1:8000", "10.0.0.1:8000"],
    ["127.0.0.1:1", "127.0.0.1:1"],
    ["255.255.255.255:65535", "255.255.255.255:65535"],
    ["[::1]:8000", "[::1]:8000"],
    ["[FD00:0:0:0::1]:8000", "[fd00::1]:8000"],
    ["[fd00:0000:0000:0001:0000:0000:0000:0001]:80", "[fd00:0:0:1::1]:80"],
    ["[::ffff:10.0.0.1]:8000", "[::ffff:10.0.0.1]:8000"],
  ];
  for (const [text, address] of cases) assert.equal(parseAddress(text), address, text);
});

test("refuses everything else", () => {
  const others = [
    "",
    "sim:8000",
    "localhost:80",
    "10.0.0.1",
    "10.0.0.1:",
    "10.0.0.1:0",
    "10.0.0.1:65536",
    "10.0.0.1:08000",
  ];
  others.push(
    "10.0.0:80",
    "10.0.0.256:80",
    "010.0.0.1:80",
    "::1:8000",
    "[::1]",
    "[::1]:0",
    "[fe80::1%eth0]:80",
    "[:::]:80",
  );
  others.push("[10.0.0.1]:80", "http://10.0.0.1:80", " 10.0.0.1:80", "10.0.0.1:80\n", "10.0.0.1:8e3", "[::1]:99999");
  for (const text of others) assert.equal(parseAddress(text), undefined, JSON.stringify(text));
});
