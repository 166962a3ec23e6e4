// The reader of request bodies against the models in model.ts and form-model.ts, on 100,000 bodies that generators make
// up. `npm run fuzz` goes on with other ones.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { createRandom } from "../../simulator/random.ts";
import { findingsOf } from "./model.ts";
import { BodyModule } from "./module.ts";
import { damaged, form, rubbish, wellFormed } from "./rounds.ts";

let module: BodyModule;
before(async () => {
  module = await BodyModule.start();
});

describe("the reader of bodies finds what the model finds", () => {
  test("in 35,000 well-formed bodies", () => {
    const random = createRandom(1);
    let [models, blocks, images] = [0, 0, 0];
    for (let i = 0; i < 35_000; i++) {
      const findings = wellFormed(module, random);
      assert.equal(findings.status, "json");
      models += findings.model.length > 0 ? 1 : 0;
      blocks += findings.blocks.length > 0 ? 1 : 0;
      images += findings.images;
    }
    // The bodies have what the test is about.
    assert.ok(models > 3500 && blocks > 7000 && images > 3500, `${models} models, ${blocks} hashed, ${images} images`);
  });

  test("in 35,000 damaged bodies, of which some are whole nevertheless", () => {
    const random = createRandom(2);
    const counts = { open: 0, json: 0, "not json": 0, broken: 0, empty: 0, form: 0 };
    for (let i = 0; i < 35_000; i++) counts[damaged(module, random).status]++;
    assert.ok(counts.json > 3500 && counts.broken > 12_000 && counts["not json"] > 240, JSON.stringify(counts));
  });

  test("in 15,000 pieces of rubbish", () => {
    const random = createRandom(3);
    for (let i = 0; i < 15_000; i++) rubbish(module, random);
  });

  test("in 15,000 forms", () => {
    const random = createRandom(6);
    const counts = { broken: 0, unnamed: 0, named: 0 };
    for (let i = 0; i < 15_000; i++) {
      const { status, modelHash } = form(module, random);
      counts[status !== "form" ? "broken" : modelHash === 0n ? "unnamed" : "named"]++;
    }
    assert.ok(Math.min(...Object.values(counts)) > 2000, JSON.stringify(counts));
  });

  test("in a megabyte, whatever the pieces", () => {
    const random = createRandom(4);
    const words = Array.from({ length: 20_000 }, () => `word${Math.floor(random() * 1000)}\n`).join("");
    const messages = Array.from({ length: 7 }, (_, index) => ({ role: "user", content: words + index }));
    const tools = [{ type: "function", function: { name: "f", description: words.slice(0, 50_000) } }];
    const bytes = new TextEncoder().encode(JSON.stringify({ messages, tools, model: "m", stream: true }));
    assert.ok(bytes.length > 1_000_000);
    const expected = findingsOf(bytes, 256, 4096);
    assert.ok(expected.blocks.length > 4000);
    for (const longest of [1, 100, 5000, 70_000, 2_000_000]) {
      const pieces: number[] = [];
      for (let done = 0; done < bytes.length; done += pieces.at(-1)!) pieces.push(1 + Math.floor(random() * longest));
      assert.deepEqual(module.read(bytes, { blockBytes: 256, maxBlocks: 4096, pieces }), expected);
    }
  });
});
