import assert from "node:assert/strict";
import { test } from "node:test";
import { parseServe, settingsOf } from "./parse.ts";
import { file, start } from "./run.ts";
import { ANY_PORTS } from "./serving.ts";

const BASE = ["--endpoints", "x.yaml"];
const ON = [...BASE, "--envoy-gateway-extension", "--gateway-address", "inline-epp.models.svc:9002"];

async function refusal(args: readonly string[]): Promise<string> {
  const parsed = await parseServe(args);
  assert.ok("error" in parsed, `accepted: ${args.join(" ")}`);
  return parsed.error.split("\n")[0]!;
}

test("the flags make settings; without the extension there are none", async () => {
  assert.equal((await settingsOf(BASE)).envoyGateway, undefined);
  const gatewayAddress = { host: "inline-epp.models.svc", port: 9002 };
  assert.deepEqual((await settingsOf(ON)).envoyGateway, { port: 9005, gatewayAddress, filter: {} });
  const all = await settingsOf([
    ...[...BASE, "--envoy-gateway-extension=true", "--envoy-gateway-extension-port=1", "--gateway-address=[::1]:2"],
    ...["--envoy-gateway-extension-cert-file=c", "--envoy-gateway-extension-key-file=k"],
    ...["--envoy-gateway-extension-client-ca-file=a", '--filter-settings={"failureMode": "FailOpen"}'],
  ]);
  assert.deepEqual(all.envoyGateway, {
    port: 1,
    gatewayAddress: { host: "::1", port: 2 },
    tls: { certificate: "c", key: "k", clientAuthorities: "a" },
    filter: { failureMode: "FailOpen" },
  });
});

for (const [what, args, message] of [
  ["no address", [...BASE, "--envoy-gateway-extension"], /--envoy-gateway-extension needs --gateway-address/],
  ["an address alone", [...BASE, "--gateway-address=a:1"], /--gateway-address needs --envoy-gateway-extension$/],
  ["settings alone", [...BASE, "--filter-settings={}"], /--filter-settings needs --envoy-gateway-extension$/],
  ["an address without a port", [...BASE, "--gateway-address=a"], /Expected host:port/],
  ["port 0", [...BASE, "--gateway-address=a:0"], /Expected host:port/],
  ["a certificate without its key", [...ON, "--envoy-gateway-extension-cert-file=c"], /needs .*-key-file$/],
  ["a key without its certificate", [...ON, "--envoy-gateway-extension-key-file=k"], /needs .*-cert-file$/],
  ["authorities without TLS", [...ON, "--envoy-gateway-extension-client-ca-file=a"], /needs .*-cert-file$/],
  ["settings that are no JSON", [...ON, "--filter-settings=x"], /Expected a JSON object/],
  ["settings that are a list", [...ON, "--filter-settings=[]"], /Expected a JSON object/],
  ["what the extension sets", [...ON, '--filter-settings={"hold":"buffer"}'], /hold cannot be set/],
  ["a port twice", [...ON, "--envoy-gateway-extension-port=9002"], /are both 9002/],
] as const) {
  test(`${what} is refused`, async () => {
    assert.match(await refusal(args), message);
  });
}

test("settings that the filter does not take refuse the start", async (t) => {
  const flags = ["--envoy-gateway-extension", "--envoy-gateway-extension-port=0", "--gateway-address=localhost:9002"];
  const wrong = ['--filter-settings={"failuremode":"FailOpen"}', ...ANY_PORTS];
  const run = start(t, ["serve", "--endpoints", await file(t, '{"pools":[]}'), ...flags, ...wrong]);
  assert.equal(await run.status, 1);
  assert.match(run.error, /error: --filter-settings: .*unknown field "failuremode"/);
});

test("an extension says where it listens, and stops with the rest", async (t) => {
  const flags = ["--envoy-gateway-extension", "--envoy-gateway-extension-port=0", "--gateway-address=localhost:9002"];
  const run = start(t, ["serve", "--endpoints", await file(t, '{"pools":[]}'), ...flags, ...ANY_PORTS]);
  assert.ok((await run.port("Envoy Gateway")) > 0);
  await run.port("gateways");
  run.child.kill("SIGTERM");
  assert.equal(await run.status, 0);
});
