// The reader of request bodies against the model in model.ts, on bodies that a generator makes up.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { createRandom } from "../../simulator/random.ts";
import { damage, makeBody, makePieces } from "./bodies.ts";
import { findingsOf } from "./model.ts";
import { BodyModule, type Findings } from "./module.ts";

const BLOCKS = [1, 3, 4, 8, 16, 33, 64, 256, 4096];
const MAXIMA = [0, 1, 2, 7, 64, 4096];

let module: BodyModule;
before(async () => {
  module = await BodyModule.start();
});

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** What does not depend on decoded text, in which the reader lets invalid UTF-8 pass and JSON.parse never sees it. */
function withoutTexts({ status, stream, includeUsage, maxTokens, promptBytes, images, blocks }: Findings) {
  return { status, stream, includeUsage, maxTokens, promptBytes, images, blocks: blocks.length };
}

function compare(random: () => number, bytes: Uint8Array): Findings {
  const blockBytes = BLOCKS[Math.floor(random() * BLOCKS.length)]!;
  const maxBlocks = MAXIMA[Math.floor(random() * MAXIMA.length)]!;
  const pieces = makePieces(random, bytes.length);
  const expected = findingsOf(bytes, blockBytes, maxBlocks);
  const actual = module.read(bytes, { blockBytes, maxBlocks, pieces });
  const about = `${JSON.stringify(Buffer.from(bytes).toString("latin1"))} in blocks of ${blockBytes}, pieces ${pieces}`;
  if (isUtf8(bytes)) assert.deepEqual(actual, expected, about);
  else assert.deepEqual(withoutTexts(actual), withoutTexts(expected), about);
  return actual;
}

describe("the reader of bodies finds what the model finds", () => {
  test("in 15,000 well-formed bodies", () => {
    const random = createRandom(1);
    let [models, blocks, images] = [0, 0, 0];
    for (let i = 0; i < 15_000; i++) {
      const findings = compare(random, makeBody(random));
      assert.equal(findings.status, "json");
      models += findings.model.length > 0 ? 1 : 0;
      blocks += findings.blocks.length > 0 ? 1 : 0;
      images += findings.images;
    }
    // The bodies have what the test is about.
    assert.ok(models > 1500 && blocks > 3000 && images > 1500, `${models} models, ${blocks} hashed, ${images} images`);
  });

  test("in 15,000 damaged bodies, of which some are whole nevertheless", () => {
    const random = createRandom(2);
    const counts = { open: 0, json: 0, "not json": 0, broken: 0, empty: 0 };
    for (let i = 0; i < 15_000; i++) counts[compare(random, damage(random, makeBody(random))).status]++;
    assert.ok(counts.json > 1500 && counts.broken > 5000 && counts["not json"] > 100, JSON.stringify(counts));
  });

  test("in rubbish", () => {
    const random = createRandom(3);
    const alphabet = '{}[]",:\\u0019e+-. \ntruefalsnd\u0000é';
    for (let i = 0; i < 10_000; i++) {
      const characters = Array.from({ length: 1 + Math.floor(random() * 12) }, () => {
        return alphabet[Math.floor(random() * alphabet.length)]!;
      });
      compare(random, new TextEncoder().encode((random() < 0.8 ? "{" : "") + characters.join("")));
    }
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
