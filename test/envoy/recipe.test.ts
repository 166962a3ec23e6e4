// What envoy.yaml makes of a pick, whoever made it: the wasm filter's place is taken by one that copies a request
// header into the same filter state.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { type Echo, type EchoServers, STREAM_CHUNKS, startEchoServers, streamChunk } from "../harness/echo-servers.ts";
import { type Envoy, startEnvoy } from "../harness/envoy.ts";
import { connectionManager, type EnvoyConfig, listenerOf } from "../harness/envoy-config.ts";

const DESTINATION = "x-gateway-destination-endpoint";
/** The header that each filter state becomes, in the order of the filter's own names. */
const HEADERS: Readonly<Record<string, string>> = {
  dest: DESTINATION,
  prefiller: "x-prefiller-host-port",
  encoders: "x-encoder-hosts-ports",
  data_parallel: "x-data-parallel-host-port",
};
const FURTHER = Object.keys(HEADERS).slice(1);

/** Each state comes from a request header: x-test-dest, x-test-prefiller and so on. */
function pickByHeader(config: EnvoyConfig): void {
  const filter = connectionManager(listenerOf(config)).http_filters.find(({ name }) => name === "inline-epp")!;
  filter.typed_config = {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config",
    on_request_headers: Object.keys(HEADERS).map((state) => ({
      object_key: `wasm.${state}`,
      factory_key: "envoy.string",
      skip_if_empty: true,
      format_string: { omit_empty_values: true, text_format_source: { inline_string: `%REQ(x-test-${state})%` } },
    })),
  };
}

describe("a pick in envoy.yaml", () => {
  const folder = mkdtempSync(join(tmpdir(), "inline-epp-recipe-"));
  const received = Array.from({ length: STREAM_CHUNKS }, () => Promise.withResolvers<void>());
  let servers: EchoServers;
  let envoy: Envoy;
  let alive: string[];
  let dead: string;

  before(async () => {
    servers = await startEchoServers(2, (chunk) => received[chunk - 1]!.promise);
    ({ alive, dead } = servers);
    const around = { folder, name: "envoy", modelServers: [...alive, dead], statePort: 1 };
    envoy = await startEnvoy({ edit: pickByHeader }, around);
  });
  after(async () => {
    await envoy.stop();
    await servers.stop();
    rmSync(folder, { recursive: true });
  });

  const send = (headers: Record<string, string>, body: string = "hello", path = "/v1/x"): Promise<Response> =>
    fetch(envoy.url + path, { method: "POST", headers, body });
  const echoOf = async (answer: Response): Promise<Echo> => {
    assert.equal(answer.status, 200, await answer.clone().text());
    return (await answer.json()) as Echo;
  };

  test("is obeyed, and named in a response header and in the access log", async () => {
    for (const address of [...alive, ...alive]) {
      const answer = await send({ "x-test-dest": address });
      assert.equal(answer.headers.get(`${DESTINATION}-served`), address);
      const echo = await echoOf(answer);
      assert.deepEqual([echo.address, echo.headers[DESTINATION], echo.bytes], [address, address, 5]);
      assert.equal(echo.headers["content-length"], "5");
    }
    const pattern = new RegExp(`POST /v1/x 200 picked=${alive[1]} served=${alive[1]} \\d+ms via_upstream$`);
    const logged = () => pattern.test(envoy.accessLog()[2 * alive.length - 1] ?? "");
    await waitUntil("the last request in the access log", logged, 30_000);
  });

  test("goes on with its next address where a connection is refused", async () => {
    const answer = await send({ "x-test-dest": `${dead},${alive[1]}` });
    assert.equal(answer.headers.get(`${DESTINATION}-served`), alive[1]);
    assert.equal((await echoOf(answer)).headers[DESTINATION], `${dead},${alive[1]}`);
  });

  test("falls back on other model servers where all of its addresses refuse or are unknown", async () => {
    for (const pick of [dead, "127.0.0.1:1"]) {
      for (let i = 0; i < 5; i++)
        assert.ok(alive.includes((await echoOf(await send({ "x-test-dest": pick }))).address));
    }
  });

  test("cannot be made by the client", async () => {
    const echo = await echoOf(await send({ "x-test-dest": alive[0]!, [DESTINATION]: alive[1]! }));
    assert.deepEqual([echo.address, echo.headers[DESTINATION]], [alive[0], alive[0]]);
    const served = new Set<string>();
    for (let i = 0; i < 30; i++) {
      const { address, headers } = await echoOf(await send({ [DESTINATION]: alive[1]! }));
      assert.equal(headers[DESTINATION], undefined);
      served.add(address);
    }
    assert.deepEqual([...served].sort(), [...alive].sort());
  });

  test("is joined by what profile handlers pick, each in its header, which a client cannot set", async () => {
    const spoofed = Object.fromEntries(FURTHER.map((state) => [HEADERS[state]!, "10.9.9.9:9"]));
    for (const picked of [FURTHER, ...FURTHER.map((state) => [state]), []]) {
      const picks = picked.map((state) => [`x-test-${state}`, `10.0.0.1:${state.length},10.0.0.2:80`]);
      const echo = await echoOf(await send({ "x-test-dest": alive[0]!, ...spoofed, ...Object.fromEntries(picks) }));
      for (const state of FURTHER) {
        const expected = picked.includes(state) ? `10.0.0.1:${state.length},10.0.0.2:80` : undefined;
        assert.equal(echo.headers[HEADERS[state]!], expected, `${state} where [${picked}] are picked`);
      }
    }
  });

  test("reaches a model server with the whole of a large body; a larger one is refused", async () => {
    const headers = { "x-test-dest": alive[0]! };
    assert.equal((await echoOf(await send(headers, "x".repeat(8_000_000)))).bytes, 8_000_000);
    assert.equal((await send(headers, "x".repeat(8_400_000))).status, 413);
  });

  test("does not hold back an answer that streams", async () => {
    const answer = await send({ "x-test-dest": alive[0]! }, "hello", "/stream");
    const chunks: string[] = [];
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
      received[chunks.length]!.resolve();
      chunks.push(chunk);
    }
    assert.deepEqual(
      chunks,
      received.map((_, chunk) => streamChunk(chunk)),
    );
  });
});
