// Rate limits on the wire: what is not written, and what is not read.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameRefused, refusalName } from "../../wire/decode.ts";
import { decodeSpent } from "../../wire/decode-spent.ts";
import { EncodeError, encodePlan } from "../../wire/encode.ts";
import { encodeSpent } from "../../wire/encode-spent.ts";
import * as L from "../../wire/layout.ts";
import type { PlanLimit } from "../../wire/model.ts";
import { changed, goldenFrame, resized } from "./golden-files.ts";
import { PLAN_LIMITS, SPENT } from "./golden-frames.ts";

const [clients] = PLAN_LIMITS.settings.limits as [PlanLimit];

function plan(...limits: readonly Partial<PlanLimit>[]): Uint8Array {
  const all = limits.map((change) => ({ ...clients, ...change }));
  return encodePlan({ ...PLAN_LIMITS, settings: { ...PLAN_LIMITS.settings, limits: all } });
}

const many = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `limit-${index}` }));

for (const [what, limits, message] of [
  ["17 limits", many(17), /limits is 17/],
  ["two of one name", [{}, {}], /two limits are named clients/],
  ["1,025 models", [{ models: Array(1025).fill("m") }], /models of limits is 1025/],
  ["requests below 0", [{ requests: -1 }], /requests of limit clients is -1/],
  ["tokens without end", [{ tokens: Number.POSITIVE_INFINITY }], /tokens of limit clients is Infinity/],
  ["more than fits an integer", [{ tokens: 1e300 }], /tokens of limit clients is 1e\+300, must be from 0 to/],
  ["no time", [{ per: 0 }], /per of limit clients is 0/],
  ["no burst", [{ burst: Number.NaN }], /burst of limit clients is NaN/],
] as const) {
  test(`${what}: refused by the encoder`, () => {
    assert.throws(
      () => plan(...limits),
      (error) => error instanceof EncodeError && message.test(error.message),
    );
  });
}

test("as much as there may be is written", () => {
  assert.ok(plan(...many(16)).length > 0);
  assert.ok(plan({ models: Array(1024).fill("m") }).length > 0);
  assert.throws(() => encodeSpent(Array(257).fill(SPENT[0])), EncodeError);
  assert.equal(decodeSpent(encodeSpent(Array(256).fill(SPENT[0]))).length, 256);
});

function reasonOf(bytes: Uint8Array): string {
  try {
    decodeSpent(bytes);
  } catch (error) {
    if (error instanceof FrameRefused) return refusalName(error.reason);
    throw error;
  }
  return "accepted";
}

test("a debt of more than thirty years is refused: no store keeps it for so long", () => {
  const [row] = SPENT;
  assert.equal(reasonOf(encodeSpent([{ ...row!, requestDebt: 1e15 }])), "accepted");
  for (const change of [{ requestDebt: 1.1e15 }, { tokens: -1.1e15 }, { requests: 1e300 }]) {
    assert.equal(reasonOf(encodeSpent([{ ...row!, ...change }])), "value", JSON.stringify(change));
  }
});

test("a SPENT cut at any length is refused, whether or not its length field was cut along", () => {
  const frame = goldenFrame("spent");
  for (let length = 0; length < frame.length; length++) {
    assert.equal(reasonOf(frame.subarray(0, length)), "truncated", `cut to ${length}`);
    if (length >= L.HEADER_BYTES) assert.equal(reasonOf(resized("spent", length)), "length", `resized to ${length}`);
  }
});

test("counts, kinds and numbers there cannot be are refused", () => {
  const with64 = (at: number, value: number) =>
    reasonOf(changed("spent", (view) => view.setFloat64(L.SPENT_BYTES + at, value, true)));
  for (const count of [0, 1, 3, 257, 2 ** 32 - 1]) {
    assert.equal(reasonOf(changed("spent", (view) => view.setUint32(L.SPENT_ROWS, count, true))), "length");
  }
  assert.equal(reasonOf(goldenFrame("budgets")), "kind");
  for (const field of [L.SPEND_REQUESTS, L.SPEND_TOKENS, L.SPEND_REQUEST_DEBT, L.SPEND_TOKEN_DEBT]) {
    assert.equal(with64(field, Number.NaN), "value");
    assert.equal(with64(field, Number.NEGATIVE_INFINITY), "value");
  }
  assert.equal(with64(L.SPEND_TOKENS, -1), "accepted");
  assert.equal(with64(L.SPEND_TOKEN_DEBT, -1), "value");
});
