import assert from "node:assert/strict";
import { test } from "node:test";
import * as handlers from "./handlers.ts";
import { type Candidate, candidate, request } from "./model.ts";

test("prefill goes elsewhere where enough of the prompt is not cached", () => {
  const asked = request({ promptTokens: 10, totalBlocks: 10, blockTokens: 1 });
  const decide = (parameters: Parameters<typeof handlers.decideByPrefix>[0], matchedBlocks: number) =>
    handlers.decideByPrefix(parameters)(asked, candidate({ matchedBlocks }));
  assert.equal(decide({}, 0), false, "off");
  assert.equal(decide({ nonCachedTokens: 5, promptTokens: 20 }, 0), false, "a short prompt");
  assert.equal(decide({ nonCachedTokens: 5, promptTokens: 10 }, 5), true);
  assert.equal(decide({ nonCachedTokens: 20 }, 0), false, "shorter than what must not be cached");
  assert.equal(decide({ nonCachedTokens: 5 }, 8), false);
  assert.equal(decide({ nonCachedTokens: 5 }, 6), false);
  assert.equal(decide({ nonCachedTokens: 5 }, 5), true);
  assert.equal(decide({ nonCachedTokens: 1 }, 10), false, "all cached");
  assert.equal(handlers.decideByPrefix({ nonCachedTokens: 5 })(asked, undefined), false, "nobody decodes");
});

test("cached blocks count whole", () => {
  const asked = request({ promptTokens: 4096, totalBlocks: 256 });
  const decide = handlers.decideByPrefix({ nonCachedTokens: 512 });
  // 4096 - 240 x 16 = 256, 4096 - 224 x 16 = 512
  assert.equal(decide(asked, candidate({ matchedBlocks: 240 })), false);
  assert.equal(decide(asked, candidate({ matchedBlocks: 224 })), true);
  // An incomplete last block that is cached counts for more tokens than it has.
  const short = request({ promptTokens: 100, totalBlocks: 7 });
  assert.equal(handlers.decideByPrefix({ nonCachedTokens: 1 })(short, candidate({ matchedBlocks: 7 })), false);
});

test("encode goes elsewhere where there is something to encode", () => {
  assert.equal(handlers.decideByMedia(request({ images: 2 })), true);
  assert.equal(handlers.decideByMedia(request()), false);
});

type Picks = Partial<Record<handlers.StageName, string>>;

/** Runs stages that pick these; returns the stages in their order and the names in the result. */
function follow(settings: Partial<handlers.StageSettings>, picks: Picks) {
  const ran: handlers.StageName[] = [];
  const all = { order: "decode-first", encode: undefined, prefill: undefined, ...settings } as const;
  const results = handlers.runStages(all, request(), (stage) => {
    ran.push(stage);
    const name = picks[stage];
    return name === undefined ? undefined : [candidate({ name })];
  });
  const named = results && Object.fromEntries(Object.entries(results).map(([stage, [one]]) => [stage, one?.name]));
  return { ran: ran.join(" "), picked: named };
}

const always = { decider: handlers.decideAlways };
const never = { decider: () => false };
const everyone = { decode: "d", prefill: "p", encode: "e" };

test("decode is first, then encode, then prefill", () => {
  assert.deepEqual(follow({}, everyone), { ran: "decode", picked: { decode: "d" } });
  assert.deepEqual(follow({ encode: always, prefill: always }, everyone), {
    ran: "decode encode prefill",
    picked: { decode: "d", encode: "e", prefill: "p" },
  });
  assert.deepEqual(follow({ encode: never, prefill: always }, everyone).ran, "decode prefill");
  assert.deepEqual(follow({ encode: always, prefill: never }, everyone).ran, "decode encode");
  assert.deepEqual(follow({ encode: { decider: undefined }, prefill: { decider: undefined } }, everyone).ran, "decode");
});

test("deciders see the endpoint that decodes", () => {
  const seen: (string | undefined)[] = [];
  const decider = (_request: unknown, decode: Candidate | undefined): boolean => {
    seen.push(decode?.name);
    return false;
  };
  follow({ encode: { decider }, prefill: { decider } }, everyone);
  follow({ order: "prefill-first", encode: { decider } }, everyone);
  assert.deepEqual(seen, ["d", "d", undefined]);
});

test("without decode there is nothing, without the others there is decode", () => {
  const both = { encode: always, prefill: always };
  assert.deepEqual(follow(both, { prefill: "p", encode: "e" }), { ran: "decode", picked: undefined });
  assert.deepEqual(follow(both, { decode: "d" }), { ran: "decode encode prefill", picked: { decode: "d" } });
});

test("a stage that picks nobody has failed", () => {
  const settings = { order: "decode-first", encode: undefined, prefill: always } as const;
  assert.equal(
    handlers.runStages(settings, request(), () => []),
    undefined,
  );
  const decodeOnly = handlers.runStages(settings, request(), (stage) => (stage === "decode" ? [candidate()] : []));
  assert.deepEqual(decodeOnly, { decode: [candidate()] });
});

test("prefill first runs prefill without asking", () => {
  const order = "prefill-first";
  const silent = { decider: undefined };
  assert.deepEqual(follow({ order, prefill: silent, encode: always }, everyone), {
    ran: "prefill encode decode",
    picked: { prefill: "p", encode: "e", decode: "d" },
  });
  assert.deepEqual(follow({ order, prefill: silent }, { decode: "d" }), {
    ran: "prefill decode",
    picked: { decode: "d" },
  });
  assert.equal(follow({ order, prefill: silent }, { prefill: "p" }).picked, undefined);
});

test("data parallel ranks are named in a header", () => {
  assert.deepEqual(handlers.toPrimaryPort(["10.0.0.1:8002", "10.0.0.2:8001"], 8000), {
    header: "10.0.0.1:8002",
    destinations: ["10.0.0.1:8000", "10.0.0.2:8000"],
  });
  assert.deepEqual(handlers.toPrimaryPort(["[fd00::1]:8002"], 80).destinations, ["[fd00::1]:80"]);
});
