import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest } from "../../../sidecar/support/suggest.ts";

const KNOWN = ["address", "name", "zone", "ready", "rank", "metrics", "labels"];

test("finds what was meant", () => {
  const cases: [string, string][] = [
    ["adress", "address"],
    ["Address", "address"],
    ["addres", "address"],
    ["metric", "metrics"],
    ["lables", "labels"],
    ["naem", "name"],
    ["redy", "ready"],
    ["addr", "address"],
    ["addss", "address"],
  ];
  for (const [written, meant] of cases) assert.equal(nearest(written, KNOWN), meant, written);
});

test("does not guess what is far off", () => {
  for (const written of ["", "weight", "url", "x".repeat(100_000)]) assert.equal(nearest(written, KNOWN), undefined);
  // Too little is left of it, or it begins with another letter.
  for (const written of ["adr", "ress"]) assert.equal(nearest(written, KNOWN), undefined, written);
  assert.equal(nearest("name", []), undefined);
});
