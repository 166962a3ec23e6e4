// What a gateway gets in each way of sending bodies.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BUFFERED, bodyOf, DESTINATION, DUPLEX, NONE, STREAMED, setUp } from "./test-gateway.ts";

const ADDRESS = /^10\.0\.0\.[0-2]:8000(,10\.0\.0\.[0-2]:8000)*$/;
const FULL = [DUPLEX, DUPLEX] as const;

test("full duplex: headers are answered when the body is complete, the body comes back behind them", async (t) => {
  const { open } = await setUp(t);
  const body = bodyOf(1000);
  const first = open().headers(FULL).body(body.slice(0, 400), false);
  // A whole other request later the first one has still no answer.
  const other = open().headers(FULL).body(body);
  assert.equal((await other.next()).kind, "requestHeaders");
  assert.equal(first.answers.length, 0);
  first.body(body.slice(400));
  const headers = await first.next();
  assert.equal(headers.kind, "requestHeaders");
  assert.match(headers.set[DESTINATION]!, ADDRESS);
  assert.deepEqual(headers.metadata, { "envoy.lb": { [DESTINATION]: headers.set[DESTINATION] } });
  assert.equal(headers.set["content-length"], String(body.length));
  assert.equal(headers.set["x-gateway-model-name"], "base");
  assert.equal(headers.reroutes, true);
  const pieces = [await first.next(), await first.next()];
  assert.deepEqual(
    pieces.map(({ kind, piece, end }) => ({ kind, piece, end })),
    [
      { kind: "requestBody", piece: true, end: false },
      { kind: "requestBody", piece: true, end: true },
    ],
  );
  assert.equal(pieces.map((piece) => piece.body).join(""), body);
});

test("full duplex: a body whose last piece is empty", async (t) => {
  const { open } = await setUp(t);
  const body = bodyOf();
  const request = open().headers(FULL).body(body, false).body("");
  assert.match((await request.next()).set[DESTINATION]!, ADDRESS);
  const piece = await request.next();
  assert.deepEqual([piece.body, piece.end], [body, true]);
});

test("full duplex: pieces have at most 62000 bytes", async (t) => {
  const { open } = await setUp(t);
  const body = bodyOf(900_000);
  const request = open().headers(FULL).body(body.slice(0, 500_000), false).body(body.slice(500_000));
  assert.equal((await request.next()).set["content-length"], "900000");
  let came = "";
  for (let end = false; !end; ) {
    const piece = await request.next();
    assert.ok(piece.body!.length <= 62_000);
    came += piece.body;
    end = piece.end;
  }
  assert.ok(came === body, "the body is what it was");
});

test("full duplex: trailers end the body, and come after it", async (t) => {
  const { open } = await setUp(t);
  const body = bodyOf();
  const request = open().headers(FULL).body(body, false).trailers();
  const headers = await request.next();
  assert.match(headers.set[DESTINATION]!, ADDRESS);
  assert.equal(headers.set["content-length"], undefined);
  const piece = await request.next();
  assert.deepEqual([piece.body, piece.end], [body, false]);
  assert.equal((await request.next()).kind, "requestTrailers");
});

test("a gateway that does not tell its mode is taken for full duplex", async (t) => {
  const { open } = await setUp(t);
  const request = open().headers(undefined).body(bodyOf());
  assert.match((await request.next()).set[DESTINATION]!, ADDRESS);
  assert.equal((await request.next()).piece, true);
});

for (const [name, mode] of [
  ["buffered", BUFFERED],
  ["buffered in part", 3],
] as const) {
  test(`${name}: headers are answered at once, the destination comes with the body's answer`, async (t) => {
    const { open } = await setUp(t);
    const request = open().headers([mode, NONE], { headers: { [DESTINATION]: "6.6.6.6:80" } });
    const headers = await request.next();
    assert.equal(headers.kind, "requestHeaders");
    assert.deepEqual([headers.set, headers.removed, headers.metadata], [{}, [DESTINATION], undefined]);
    const answer = await request.body(bodyOf(), mode === BUFFERED).next();
    assert.equal(answer.kind, "requestBody");
    assert.match(answer.set[DESTINATION]!, ADDRESS);
    assert.deepEqual(answer.metadata, { "envoy.lb": { [DESTINATION]: answer.set[DESTINATION] } });
    assert.deepEqual([answer.body, answer.reroutes], [undefined, true]);
  });
}

test("without a body's bytes: the destination comes with the headers' answer", async (t) => {
  const { open } = await setUp(t);
  const answer = await open().headers([NONE, NONE]).next();
  assert.equal(answer.kind, "requestHeaders");
  assert.match(answer.set[DESTINATION]!, ADDRESS);
});

test("without a body's bytes: what cannot be served is answered at once", async (t) => {
  const { open } = await setUp(t);
  for (const mode of [NONE, STREAMED]) {
    const answer = await open().headers([mode, NONE], { subset: "" }).next();
    assert.deepEqual([answer.kind, answer.status], ["immediateResponse", 503]);
  }
});

test("streamed: the destination comes with the headers' answer, each piece passes as it is", async (t) => {
  const { open } = await setUp(t);
  const request = open().headers([STREAMED, STREAMED]);
  assert.match((await request.next()).set[DESTINATION]!, ADDRESS);
  for (const end of [false, true]) {
    const answer = await request.body("piece", end).next();
    assert.deepEqual([answer.kind, answer.body, answer.set], ["requestBody", undefined, {}]);
  }
});

test("a request without a body goes to any endpoint", async (t) => {
  const { open } = await setUp(t);
  const seen = new Set<string>();
  for (let i = 0; i < 60; i++) {
    const request = open().headers(FULL, { headers: { ":method": "GET", ":path": "/v1/models" }, end: true });
    const { set } = await request.next();
    seen.add(set[DESTINATION]!.split(",")[0]!);
    request.halfClose();
  }
  assert.equal(seen.size, 3);
});

test("answers: each mode gets its own", async (t) => {
  const { open } = await setUp(t);
  const decided = async (mode: number) => {
    const request = open().headers([DUPLEX, mode]).body(bodyOf());
    await request.next();
    await request.next();
    request.response({ "content-type": "application/json" });
    const headers = await request.next();
    assert.deepEqual([headers.kind, headers.set, headers.removed], ["responseHeaders", {}, []]);
    return request;
  };
  const duplex = await decided(DUPLEX);
  const pieces = [await duplex.responseBody("{", false).next(), await duplex.responseBody("}", true).next()];
  assert.deepEqual(
    pieces.map(({ body, piece, end }) => [body, piece, end]),
    [
      ["{", true, false],
      ["}", true, true],
    ],
  );
  for (const mode of [STREAMED, BUFFERED]) {
    const answer = await (await decided(mode)).responseBody("{}", true).next();
    assert.deepEqual([answer.kind, answer.body, answer.piece], ["responseBody", undefined, false]);
  }
  const trailing = await decided(DUPLEX);
  assert.equal((await trailing.responseBody("{}", false).next()).end, false);
  assert.equal((await trailing.responseTrailers().next()).kind, "responseTrailers");
});

const REWRITE = { "x-gateway-model-name-rewrite": "adapter-with-a-long-name" };

test("full duplex: a replaced model, there and back", async (t) => {
  const { open } = await setUp(t);
  const body = bodyOf();
  const replaced = body.replace('"base"', '"adapter-with-a-long-name"');
  const request = open().headers(FULL, { headers: REWRITE }).body(body.slice(0, 14), false).body(body.slice(14));
  const headers = await request.next();
  assert.equal(headers.set["content-length"], String(replaced.length));
  assert.equal(headers.set["x-gateway-model-name"], "adapter-with-a-long-name");
  assert.deepEqual(headers.removed, ["x-gateway-model-name-rewrite"]);
  let came = "";
  for (let end = false; !end; ) {
    const piece = await request.next();
    came += piece.body;
    end = piece.end;
  }
  assert.equal(came, replaced);
  request.response({ "content-type": "application/json", "content-length": "60" });
  assert.deepEqual((await request.next()).removed, ["content-length"]);
  request.responseBody('{"model":"adapter-with-', false).responseBody('a-long-name","choices":[]}', true);
  let answer = "";
  for (let end = false; !end; ) {
    const piece = await request.next();
    answer += piece.body;
    end = piece.end;
  }
  assert.equal(answer, '{"model":"base","choices":[]}');
});

test("buffered: a replaced model, there and back", async (t) => {
  const { open } = await setUp(t);
  const body = bodyOf();
  const replaced = body.replace('"base"', '"adapter-with-a-long-name"');
  const request = open().headers([BUFFERED, BUFFERED], { headers: { ...REWRITE, "content-length": `${body.length}` } });
  assert.deepEqual((await request.next()).removed, ["x-gateway-model-name-rewrite"]);
  const answer = await request.body(body).next();
  assert.equal(answer.body, replaced);
  assert.equal(answer.set["content-length"], String(replaced.length));
  await request.response({ "content-type": "application/json" }).next();
  const { body: renamed } = await request.responseBody('{"model":"adapter-with-a-long-name"}', true).next();
  assert.equal(renamed, '{"model":"base"}');
});
