import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { file, start } from "./run.ts";
import { ANY_PORTS, get } from "./serving.ts";

const BUILT = new URL("../../../build/filter.wasm", import.meta.url);

test("gateways can fetch the filter of the same build, whose digest is logged", async (t) => {
  const run = start(t, ["serve", "--endpoints", await file(t, '{"pools":[]}'), ...ANY_PORTS]);
  const sha256 = createHash("sha256").update(readFileSync(BUILT)).digest("hex");
  assert.equal((await run.logged("the filter can be fetched from the metrics port")).sha256, sha256);
  const answer = await fetch(`http://127.0.0.1:${await run.port("metrics and probes")}/filter.wasm`);
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), readFileSync(BUILT));
  assert.equal((await get(run, "/filter.wasm.sha256")).body, `${sha256}  filter.wasm\n`);
});

test("--serve-filter=false keeps it", async (t) => {
  const flags = ["--serve-filter=false", ...ANY_PORTS];
  const run = start(t, ["serve", "--endpoints", await file(t, '{"pools":[]}'), ...flags]);
  assert.equal((await get(run, "/filter.wasm")).status, 404);
  assert.equal((await get(run, "/healthz")).status, 200);
  assert.ok(!run.lines.some(({ msg }) => String(msg).startsWith("the filter can be fetched")));
});
