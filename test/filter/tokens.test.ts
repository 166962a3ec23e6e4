// Tokens of requests in flight: who counts them, for how long, and that none stay behind.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import { encodeFlight } from "../../wire/encode.ts";
import type { FlightEntry } from "../../wire/model.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import {
  answer,
  ask,
  BLOCK,
  bytesOf,
  completion,
  exchange,
  explained,
  pickOf,
  serving,
  text,
  type Worker,
  warm,
} from "./exchanges.ts";
import { explainedProfile, scoresOf } from "./explanation.ts";
import { endpoints } from "./pools.ts";
import { POST, picksOf } from "./requests.ts";
import type { Rig } from "./rig.ts";
import { picker, prefix, profile, tokenLoad } from "./steps.ts";

/** Scores tell tokens: 1 less a 10,000th of them. */
const THRESHOLD = 10_000;
const PLAN = [profile("default", tokenLoad(THRESHOLD), prefix(3))];

/** Tokens that each endpoint has in flight, as the scorer sees them for a request without any; idle ones left out. */
function tokensIn(worker: Worker): Record<string, number> {
  const scores = [...scoresOf(explainedProfile(explained(worker, "{}")), "tokens")];
  const tokens = scores.map(([address, score]) => [address, Math.round((1 - score!) * THRESHOLD)] as const);
  return Object.fromEntries(tokens.filter(([, count]) => count !== 0).sort());
}

/** What the gateway tells the sidecar to have in flight, by address. */
function told(rig: Rig): Record<string, Omit<FlightEntry, "endpoint">> {
  rig.pass(100);
  const names = new Map(endpoints(5).map(({ address }) => [xxh64(address), address]));
  const entries = rig.stream.flights.at(-1)?.entries ?? [];
  return Object.fromEntries(entries.map(({ endpoint, ...rest }) => [names.get(endpoint), rest]));
}

test("a prompt's tokens count where it goes until its answer ends, estimated at four bytes each", () => {
  const { worker } = serving(3, PLAN);
  const stream = ask(worker, completion(text("story", 4)));
  const home = pickOf(stream);
  assert.deepEqual(tokensIn(worker), { [home]: 256 });
  stream.onResponseHeaders(home);
  stream.onResponseBody(bytesOf("{}"), false);
  assert.deepEqual(tokensIn(worker), { [home]: 256 });
  stream.onResponseBody(bytesOf("{}"), true);
  stream.close();
  assert.deepEqual(tokensIn(worker), {});
});

test("output counts as the plan has it: by ratio, the client's limit and the plan's", () => {
  const expected = (settings: { outputRatio: number; outputMax?: number }, fields: Record<string, unknown>) => {
    const { worker } = serving(2, PLAN, { settings });
    ask(worker, completion(text("story", 4), fields));
    return Object.values(tokensIn(worker))[0];
  };
  assert.equal(expected({ outputRatio: 1.5 }, {}), 256 + 384);
  assert.equal(expected({ outputRatio: 1.5 }, { max_tokens: 100 }), 256 + 100);
  assert.equal(expected({ outputRatio: 1.5 }, { max_tokens: 100, max_completion_tokens: 50 }), 256 + 50);
  assert.equal(expected({ outputRatio: 1.5, outputMax: 200 }, {}), 256 + 200);
  assert.equal(expected({ outputRatio: 1.5, outputMax: 200 }, { max_tokens: 20 }), 256 + 20);
  assert.equal(expected({ outputRatio: 0 }, { max_tokens: 100 }), 256);
});

test("a request's own tokens count against an endpoint, less what it has cached", () => {
  const { worker } = serving(2, PLAN);
  const home = exchange(worker, completion(text("story", 4)));
  const scores = scoresOf(
    explainedProfile(explained(worker, completion(text("story", 4) + text("more", 2)))),
    "tokens",
  );
  for (const [address, score] of scores) {
    // 1,534 bytes in all: 384 tokens. The fourth block ended with the prompt, and goes on otherwise here.
    const tokens = address === home ? 384 - 192 : 384;
    assert.equal(Math.round((1 - score!) * THRESHOLD), tokens, address);
  }
});

test("tokens of other workers and other gateways count like one's own", () => {
  const { rig, all } = serving(3, PLAN, { workers: 2 });
  const [one, two] = all as [Worker, Worker];
  const home = pickOf(ask(one, completion(text("story", 4))));
  rig.pass(50);
  assert.deepEqual(tokensIn(two), { [home]: 256 });
  const [first] = endpoints(3);
  const entries = [{ endpoint: xxh64(first!.address), requests: 3, tokens: 700, prefill: 0 }];
  rig.stream.message(encodeFlight({ owner: 0n, entries }));
  rig.pass(50);
  const expected = home === first!.address ? { [home]: 956 } : { [first!.address]: 700, [home]: 256 };
  for (const worker of all) assert.deepEqual(tokensIn(worker), expected);
  rig.stream.message(encodeFlight({ owner: 0n, entries: [] }));
  rig.pass(50);
  for (const worker of all) assert.deepEqual(tokensIn(worker), { [home]: 256 });
});

test("uncached prompt tokens wait for their computation until the answer's first byte", () => {
  const { rig, worker } = serving(2, PLAN);
  const home = exchange(worker, completion(text("story", 4)));
  const stream = ask(worker, completion(text("story", 4) + text("more", 2)));
  assert.equal(pickOf(stream), home);
  assert.deepEqual(told(rig), { [home]: { requests: 1, tokens: 384, prefill: 192 } });
  stream.onResponseHeaders(home);
  assert.deepEqual(told(rig), { [home]: { requests: 1, tokens: 384, prefill: 192 } }, "headers come early");
  stream.onResponseBody(new Uint8Array(), false);
  assert.deepEqual(told(rig), { [home]: { requests: 1, tokens: 384, prefill: 192 } }, "nothing yet");
  stream.onResponseBody(bytesOf("data: "), false);
  assert.deepEqual(told(rig), { [home]: { requests: 1, tokens: 384, prefill: 0 } });
  stream.close();
  assert.deepEqual(told(rig), {});

  const short = ask(worker, completion(text("other", 1)));
  short.onResponseHeaders(pickOf(short), [], true);
  assert.deepEqual(told(rig), { [pickOf(short)]: { requests: 1, tokens: 64, prefill: 0 } }, "an answer without a body");
  short.close();
});

test("an answer from another endpoint than the picked one takes all figures there", () => {
  const { rig, worker } = serving(3, [profile("default", tokenLoad(THRESHOLD), picker(2))]);
  const stream = ask(worker, completion(text("story", 4)));
  const [, second] = picksOf(stream) as [string, string];
  stream.onResponseHeaders(second);
  assert.deepEqual(told(rig), { [second]: { requests: 1, tokens: 256, prefill: 256 } });
  stream.onResponseBody(bytesOf("x"), false);
  stream.close();
  assert.deepEqual(told(rig), {});
});

/** Ways in which a request may end, from its body on. */
const ENDS: Record<string, (stream: FilterStream) => void> = {
  "the client leaves before an answer": (stream) => stream.close(),
  "the gateway answers by itself": (stream) => {
    stream.onResponseHeaders(undefined);
    stream.onResponseBody(bytesOf("upstream connect error"), true);
    stream.close();
  },
  "the gateway answers by itself, without a body": (stream) => {
    stream.onResponseHeaders(undefined, [], true);
    stream.close();
  },
  "the client leaves after the headers": (stream) => {
    stream.onResponseHeaders(pickOf(stream));
    stream.close();
  },
  "the client leaves amid the answer": (stream) => {
    stream.onResponseHeaders(pickOf(stream));
    stream.onResponseBody(bytesOf("data: {}\n\n"), false);
    stream.close();
  },
  "somebody else answers": (stream) => {
    stream.onResponseHeaders("192.0.2.1:80");
    stream.onResponseBody(bytesOf("{}"), true);
    stream.close();
  },
  "another endpoint answers": (stream) => {
    stream.onResponseHeaders(endpoints(3).find(({ address }) => address !== pickOf(stream))?.address);
    stream.onResponseBody(bytesOf("{}"), true);
    stream.close();
  },
  "everything goes well": (stream) => {
    answer(stream).close();
  },
};

for (const hold of ["buffer", "self"]) {
  for (const [how, end] of Object.entries(ENDS)) {
    test(`hold ${hold}: nothing stays in flight where ${how}`, () => {
      const { rig, all, worker } = serving(3, PLAN, { workers: 2, fields: { hold } });
      const ask = () => {
        const stream = worker.vm.createStream(worker.root);
        stream.onRequestHeaders(POST, false);
        stream.onRequestBody(bytesOf(completion(text("story", 4))), true);
        const destination = stream.headers?.get("x-gateway-destination-endpoint");
        if (destination !== undefined) stream.state.set("dest", destination);
        return stream;
      };
      for (let i = 0; i < 5; i++) end(ask());
      const streams = [ask(), ask(), ask()];
      rig.pass(50);
      for (const stream of streams) end(stream);
      assert.deepEqual(told(rig), {});
      for (const { vm, root } of all) {
        if (hold === "buffer") assert.deepEqual(tokensIn({ vm, root }), {});
      }
      assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
    });
  }
}

test("a request that ends before its decision counts nowhere", () => {
  for (const hold of ["buffer", "self"]) {
    const { rig, worker } = serving(2, PLAN, { fields: { hold, watchdog: "1s", failureMode: "FailOpen" } });
    const { vm, root } = worker;
    const onlyHeaders = vm.createStream(root);
    onlyHeaders.onRequestHeaders(POST, false);
    onlyHeaders.close();
    const half = vm.createStream(root);
    half.onRequestHeaders(POST, false);
    half.onRequestBody(bytesOf(completion(text("story", 4))).subarray(0, 2 * BLOCK), false);
    half.close();
    const released = vm.createStream(root);
    released.onRequestHeaders(POST, false);
    rig.pass(1100);
    released.close();
    vm.createStream(root).close();
    assert.deepEqual(told(rig), {}, hold);
  }
});

test("an endpoint that leaves with requests in flight comes back without them once they have ended", () => {
  const { rig, pool, worker } = serving(2, PLAN);
  const stream = ask(worker, completion(text("story", 4)));
  const home = pickOf(stream);
  const list = endpoints(2);
  rig.stream.message(...pool.frames(list.filter(({ address }) => address !== home)), pool.plan(PLAN));
  warm(worker);
  stream.close();
  rig.stream.message(...pool.frames(list), pool.plan(PLAN));
  warm(worker);
  assert.deepEqual(tokensIn(worker), {});
  assert.deepEqual(told(rig), {});
});
