import assert from "node:assert/strict";
import { test } from "node:test";
import { hashPrompt } from "../../simulator/block-hash.ts";

const TEXT = "It was the best of times, it was the worst of times, it was the age of wisdom. ".repeat(8);

test("a text has a token per four characters, and a hash per full block", () => {
  assert.equal(hashPrompt("abcd", 1, []).tokens, 1);
  assert.equal(hashPrompt("abcde", 1, []).tokens, 2);
  assert.equal(hashPrompt("x".repeat(4 * 16 * 3), 16, []).blocks.length, 3);
  assert.equal(hashPrompt("x".repeat(4 * 16 * 3 - 4), 16, []).blocks.length, 2);
  assert.equal(hashPrompt([5, 6, 7, 8, 9], 2, []).blocks.length, 2);
});

test("prompts share hashes exactly as far as they share blocks", () => {
  const first = hashPrompt(TEXT, 16, ["base", ""]);
  const longer = hashPrompt(`${TEXT}And then?`, 16, ["base", ""]);
  const shared = Math.floor(TEXT.length / 64);
  assert.deepEqual(longer.blocks.slice(0, shared), first.blocks.slice(0, shared));
  assert.notEqual(longer.fingerprint, first.fingerprint);

  const changed = hashPrompt(`${TEXT.slice(0, 130)}#${TEXT.slice(131)}`, 16, ["base", ""]);
  assert.deepEqual(changed.blocks.slice(0, 2), first.blocks.slice(0, 2));
  for (let i = 2; i < first.blocks.length; i++) assert.notEqual(changed.blocks[i], first.blocks[i]);
});

test("blocks of equal content differ by what came before them", () => {
  const { blocks } = hashPrompt("a".repeat(64 * 50), 16, []);
  assert.equal(new Set(blocks).size, 50);
});

test("models and cache salts share nothing, however their names are cut", () => {
  const salts = [
    ["base", ""],
    ["lora", ""],
    ["base", "me"],
    ["ba", "se"],
    ["", "base"],
  ];
  const hashes = salts.map((salt) => hashPrompt(TEXT, 16, salt).blocks[0]);
  assert.equal(new Set(hashes).size, salts.length);
});

test("hashes are exact integers and the same every time", () => {
  const { blocks, fingerprint } = hashPrompt(TEXT, 16, ["base", ""]);
  assert.ok(blocks.every((hash) => Number.isSafeInteger(hash) && hash >= 0));
  assert.ok(Number.isInteger(fingerprint) && fingerprint >= 0 && fingerprint < 2 ** 32);
  assert.deepEqual(hashPrompt(TEXT, 16, ["base", ""]).blocks, blocks);
});

test("token ids count one by one", () => {
  const first = hashPrompt([1, 2, 3, 4], 2, []);
  const second = hashPrompt([1, 2, 3, 5], 2, []);
  assert.equal(first.blocks[0], second.blocks[0]);
  assert.notEqual(first.blocks[1], second.blocks[1]);
});
