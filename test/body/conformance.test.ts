// What is JSON and what is not, in the classes of the public conformance suites, each in three places of a body and
// cut at every byte.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { BodyModule, type Findings } from "./module.ts";

const READING = { blockBytes: 8, maxBlocks: 100 };

let module: BodyModule;
before(async () => {
  module = await BodyModule.start();
});

/** The status of a body given as text or bytes: the same however it is cut. */
function statusOf(body: string | Uint8Array): Findings["status"] {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const { status } = module.read(bytes, READING);
  const single = module.read(bytes, { ...READING, pieces: Array(bytes.length).fill(1) });
  assert.equal(single.status, status, `${body} byte by byte`);
  for (let at = 0; at <= Math.min(bytes.length, 100); at++) {
    const cut = module.read(bytes, { ...READING, pieces: [at] });
    assert.equal(cut.status, status, `${body} cut at ${at}`);
  }
  return status;
}

const VALUES = {
  numbers: [
    ...["0", "-0", "1", "-1", "10", "123456789012345678901234567890", "0.0", "0.5", "-0.25", "1.0e0", "1e1", "1E1"],
    ...["1e+1", "1e-1", "0e0", "0E+5", "0e-5", "1e999999999999999999999", "1e-999999999999999999999", "1.23e45"],
    ...[`1${"0".repeat(5000)}`, `0.${"0".repeat(5000)}1`, `1e${"0".repeat(5000)}`],
  ],
  literals: ["true", "false", "null"],
  strings: [
    ...['""', '" "', '"a"', '"\\""', '"\\\\"', '"\\/"', '"\\b\\f\\n\\r\\t"', '"\\u0000"', '"\\uABCD\\uabcd\\u12Ef"'],
    ...[
      '"\\ud83d\\ude00"',
      '"\\ud83d"',
      '"\\ude00"',
      '"\\ud83d\\ud83d\\ude00"',
      '"\\ud83dx"',
      '"\\\\u12"',
      '"\\\\\\""',
    ],
    ...[
      '"\u007f"',
      '"é"',
      '"\u2028\u2029"',
      '"😀"',
      '"\ufeff"',
      '"/"',
      '"\'"',
      '"[{,:}]"',
      `"${"\\u0061".repeat(200)}"`,
    ],
    ...[`"${"x".repeat(500)}"`, `"${"\\n".repeat(500)}"`, `"${"\\\\".repeat(501)}"`],
  ],
  arrays: ["[]", "[ ]", "[\t\n\r ]", "[1]", "[1,2]", "[ 1 , 2 ]", "[[]]", "[[],[]]", "[{}]", '["",[],{},1,true,null]'],
  objects: [
    ...["{}", "{ }", '{"":0}', '{"a":{}}', '{ "a" : 1 , "b" : 2 }', '{"a":1,"a":2}', '{"\\u0000":1}', '{"\\"":1}'],
    `{"${"k".repeat(300)}":1}`,
  ],
};

const WRONG_VALUES = {
  numbers: [
    ...["01", "-01", "00", "-", "+1", "1.", ".5", "-.5", "1.e1", "1e", "1e+", "1e-", "1E", "1e1.5", "1.5.5", "1e1e1"],
    ...[
      "1_000",
      "0x1",
      "1f",
      "- 1",
      "1 2",
      "--1",
      "1-",
      "1+1",
      "Infinity",
      "-Infinity",
      "NaN",
      "-NaN",
      "0e",
      "-e1",
      "1a",
    ],
    ...["１", "2.e3", "0.1.2", "1,5.", "0e+-1", "1ee1"],
  ],
  literals: [
    "True",
    "TRUE",
    "tru",
    "truee",
    "nul",
    "nulll",
    "fals",
    "falsy",
    "undefined",
    "t",
    "n u l l",
    "nan",
    "true1",
  ],
  strings: [
    ...[
      '"',
      '"a',
      '"\\"',
      '"\\x41"',
      '"\\a"',
      '"\\0"',
      '"\\u"',
      '"\\u1"',
      '"\\u12"',
      '"\\u123"',
      '"\\u123g"',
      '"\\U0041"',
    ],
    ...['"\\u00 1"', '"\\', '"\\u', '"\\u+123"', '"\n"', '"\t"', '"\r"', '"\u0000"', '"\u001f"', "'a'", "a", "`a`"],
    ...['"\\\n"', '"\\é"', '"a""b"', '"a" "b"', '"\\ud83d\\u"', '"\\ud83d\\ude0"', '\\u0022a"', '""\\', '"\\u{41}"'],
    ...[`"${"x".repeat(300)}\u0001${"x".repeat(300)}"`, `"${"x".repeat(300)}\\q${"x".repeat(300)}"`],
    ...[`"${"\\u0061".repeat(40)}\\u00g1${"x".repeat(300)}"`, `"${"\\n".repeat(333)}\\\u0001${"x".repeat(300)}"`],
  ],
  arrays: [
    "[",
    "]",
    "[1",
    "[1,",
    "[,]",
    "[1,]",
    "[,1]",
    "[1,,2]",
    "[1 2]",
    "[1:2]",
    "[1}",
    "[[]",
    "[]]",
    '["a":1]',
    "[a]",
  ],
  objects: [
    ...[
      "{",
      "}",
      '{"a"',
      '{"a":',
      '{"a":1',
      '{"a":1,',
      '{"a":1,}',
      "{,}",
      '{,"a":1}',
      '{"a"}',
      '{"a":}',
      "{:1}",
      "{1:1}",
    ],
    ...[
      "{a:1}",
      "{'a':1}",
      '{"a" 1}',
      '{"a"::1}',
      '{"a":1 "b":2}',
      '{"a":1,,"b":2}',
      '{"a":1]',
      '{"a",1}',
      '{"a":1:2}',
    ],
    ...["{null:1}", "{[]:1}", '{"a":1;"b":2}', '{"a\n":1}', '{"\\u00":1}'],
  ],
  comments: ["1 // one", "/* one */ 1", "1 # one", "<!-- -->1"],
  whitespace: ["\u000b1", "\u000c1", "\u00a01", "\u20281", "\ufeff1", "\u00001", "1\u00a0", "1\u0000", "\u30001"],
};

/** Where a value may stand: skipped, in a prompt, at a field that is read. */
const PLACES: Readonly<Record<string, (value: string) => string>> = {
  "a field that is passed over": (value) => `{"metadata":${value}}`,
  "a prompt": (value) => `{"model":"m","input":[1,${value}],"stream":true}`,
  "a message": (value) => `{"messages":[{"role":"user","content":${value}}]}`,
  "the model": (value) => ` { "model" : ${value} } `,
};

for (const [place, bodyWith] of Object.entries(PLACES)) {
  describe(`as ${place}`, () => {
    for (const [kind, values] of Object.entries(VALUES)) {
      test(`${kind} are JSON`, () => {
        for (const value of values) {
          JSON.parse(bodyWith(value));
          assert.equal(statusOf(bodyWith(value)), "json", value.slice(0, 80));
        }
      });
    }
    for (const [kind, values] of Object.entries(WRONG_VALUES)) {
      test(`wrong ${kind} are not`, () => {
        for (const value of values) {
          assert.throws(() => JSON.parse(bodyWith(value)), value);
          assert.equal(statusOf(bodyWith(value)), "broken", value.slice(0, 80));
        }
      });
    }
  });
}

describe("a body", () => {
  test("is an object with nothing behind it", () => {
    for (const body of ["{}", " {}", "\t\r\n {} \n\t\r", '{"a":1}']) assert.equal(statusOf(body), "json", body);
    for (const end of ["{}", ",", "}", "]", "1", "x", '"', "\u0000", "//", "\u00a0", "\ufeff"]) {
      assert.equal(statusOf(`{}${end}`), "broken", end);
    }
  });

  test("is no other value, and nothing else", () => {
    for (const body of [
      "[]",
      "[{}]",
      "1",
      '"{}"',
      "true",
      "null",
      " ",
      "\n",
      "x",
      "}",
      "<html>",
      "\u0000",
      "\u0000{}",
    ]) {
      assert.equal(statusOf(body), "not json", JSON.stringify(body));
    }
    assert.equal(statusOf("\ufeff{}"), "not json", "behind a byte order mark");
    assert.equal(statusOf(Buffer.from("{}", "utf16le").subarray(1)), "not json", "in UTF-16, big-endian");
    assert.equal(statusOf(Buffer.from("{}", "utf16le")), "broken", "in UTF-16, little-endian");
  });

  test("is empty without a byte", () => {
    assert.equal(module.read(new Uint8Array(), READING).status, "empty");
    assert.equal(module.read(new Uint8Array(), { ...READING, pieces: [0, 0] }).status, "empty");
  });

  test("may have bytes in strings that are not UTF-8, and nowhere else", () => {
    for (const bytes of [[0x80], [0xc3], [0xff, 0xfe], [0xed, 0xa0, 0x80], [0xf0, 0x9f]]) {
      const body = (before: string, after: string) =>
        Buffer.concat([Buffer.from(before), Buffer.of(...bytes), Buffer.from(after)]);
      for (const key of ["model", "prompt", "x"]) assert.equal(statusOf(body(`{"${key}":"`, '"}')), "json");
      assert.equal(statusOf(body('{"', '":1}')), "json");
      assert.equal(statusOf(body('{"a":1', "}")), "broken");
      assert.equal(statusOf(body("", "{}")), "not json");
    }
  });

  test("that is cut short is broken, wherever it is cut", () => {
    const whole = '{"model":"a\\u00e9","n":-1.5e3,"b":[true,false,null,{"c":{}}],"messages":[{"content":"x\\n"}]}';
    assert.equal(statusOf(whole), "json");
    for (let length = 1; length < whole.length; length++) assert.equal(statusOf(whole.slice(0, length)), "broken");
  });

  test("is 512 deep and no deeper", () => {
    for (const key of ["x", "messages", "tools"]) {
      const arrays = (depth: number) => `{"${key}":${"[".repeat(depth)}${"]".repeat(depth)}}`;
      assert.equal(statusOf(arrays(511)), "json");
      assert.equal(statusOf(arrays(512)), "broken");
      assert.equal(statusOf(arrays(100_000)), "broken");
      const objects = (depth: number) => `${`{"${key}":`.repeat(depth)}1${"}".repeat(depth)}`;
      assert.equal(statusOf(objects(512)), "json");
      assert.equal(statusOf(objects(513)), "broken");
      // As deep again, each level of the other kind than before.
      const mixed = `{"${key}":[${"[".repeat(400)}${"]".repeat(400)},${'{"a":['.repeat(200)}${"]}".repeat(200)}]}`;
      assert.equal(statusOf(mixed), "json");
      assert.equal(statusOf(mixed.replace("]}]}", "]]}}")), "broken");
    }
  });
});

test("nothing is said of a body that is not one", () => {
  const body = '{"model":"m","user":"u","stream":true,"max_tokens":5,"cache_salt":"s","prompt":"abcdefghijklmnop"';
  const nothing = { model: "", modelHash: 0n, saltHash: 0n, userHash: 0n, stream: false, includeUsage: false };
  const none = { maxTokens: 0, promptBytes: 0, images: 0, blocks: [] };
  const found = module.read(new TextEncoder().encode(`${body}}`), READING);
  assert.equal(found.blocks.length, 2);
  for (const end of ["", "]", ",", ",}", '"'] as const) {
    const findings = module.read(new TextEncoder().encode(body + end), READING);
    assert.deepEqual(findings, { status: "broken", ...nothing, ...none });
  }
});
