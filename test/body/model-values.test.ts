// Where a body's `model` values lie, whatever way it is cut.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BodyModule, type ModelValue } from "./module.ts";

const module = await BodyModule.start();
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A body and the raw model values that stand in it, marked with « and ». */
function marked(text: string): { bytes: Uint8Array; values: ModelValue[] } {
  const values: ModelValue[] = [];
  const plain = text.replaceAll(/[«»]/g, "");
  let from = 0;
  let length = 0;
  for (const character of text) {
    if (character === "«") from = length;
    else if (character === "»") values.push([from, length]);
    else length += bytesOf(character).length;
  }
  return { bytes: bytesOf(plain), values };
}

const BODIES = [
  `{"model":"«llama»","prompt":"hi"}`,
  `{"messages":[{"role":"user","content":"\\"model\\":\\"x\\" {"}],"model" : "«a\\u0062\\"c/é»"}`,
  `{"model":"«»"}`,
  `{"model":"«a»","model":5,"model":"«b»","m\\u006fdel":"«c»"}`,
  `{"metadata":{"model":"x"},"model":null,"tools":[{"model":"y"}],"messages":[{"model":"z"}]}`,
  `{"user":"model","model":"«${"long".repeat(40)}»","stream":true}`,
];

for (const text of BODIES) {
  const { bytes, values } = marked(text);
  test(`are told of ${text.slice(0, 60)}`, () => {
    assert.deepEqual(module.modelValues(bytes, []).values, values);
    for (let cut = 1; cut < bytes.length; cut++) {
      const told = module.modelValues(bytes, [cut]);
      assert.deepEqual(told.values, values, `cut at ${cut}`);
      const around = values.find(([from, to]) => from <= cut && cut <= to);
      assert.deepEqual(told.inside, [around === undefined ? -1 : around[0]], `cut at ${cut}`);
    }
    const single = module.modelValues(bytes, new Array(bytes.length - 1).fill(1));
    assert.deepEqual(single.values, values, "byte by byte");
  });
}

describe("the place for a model that is missing", () => {
  const cases: [string, boolean][] = [
    [`{"prompt":"hi"}`, true],
    [` { } \n`, true],
    [`{"model":null,"a":{"model":"x"}}`, true],
    [`{"model":"a","model":5}`, true],
    [`{"model":5,"model":"a"}`, false],
    [`{"model":""}`, false],
    [`[{"a":1}]`, false],
    [`{"a":1`, false],
  ];
  for (const [text, told] of cases) {
    test(`is ${told ? "the closing brace" : "not told"} of ${text}`, () => {
      const bytes = bytesOf(text);
      const missing = told ? [text.lastIndexOf("}")] : [];
      for (let cut = 0; cut < bytes.length; cut++) {
        assert.deepEqual(module.modelValues(bytes, cut === 0 ? [] : [cut]).missing, missing, `cut at ${cut}`);
      }
    });
  }
});

test("are told of as many as 32 KiB can hold", () => {
  const count = 2900;
  const text = `{${new Array(count).fill(`"model":"«»"`).join(",")}}`;
  const { bytes, values } = marked(text);
  assert.equal(values.length, count);
  assert.ok(bytes.length <= 32768);
  assert.deepEqual(module.modelValues(bytes, []).values, values);
});
