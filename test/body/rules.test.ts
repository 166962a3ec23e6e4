// What is found in a body, rule by rule. Blocks are told by the bytes that must have gone into them.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { xxh64 } from "../../wire/xxh64.ts";
import { BodyModule, type Findings } from "./module.ts";

let module: BodyModule;
before(async () => {
  module = await BodyModule.start();
});

function read(body: string, blockBytes = 4, maxBlocks = 100): Findings {
  const findings = module.read(new TextEncoder().encode(body), { blockBytes, maxBlocks });
  assert.equal(findings.status, "json", body);
  return findings;
}

/** Asserts that these bytes went into the only chain of a body without model and salt. */
function assertFed(body: string, bytes: (string | number)[]): void {
  const fed = Buffer.concat(bytes.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.of(part))));
  // In blocks of one byte every byte shows. The seed is 0, so that of the mixture only the finalizer is left.
  const { blocks } = read(body, 1, 4096);
  let hash = 0n;
  const expected = Array.from(fed, (byte) => {
    hash = xxh64(Uint8Array.of(byte), hash);
    return finalized(hash);
  });
  assert.deepEqual(blocks, expected, body);
}

const MASK = 0xffff_ffff_ffff_ffffn;

/** MurmurHash3's finalizer. */
function finalized(hash: bigint): bigint {
  let h = ((hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn) & MASK;
  h = ((h ^ (h >> 33n)) * 0xc4ceb9fe1a85ec53n) & MASK;
  return h ^ (h >> 33n);
}

const hashBytes = (text: string): number[] => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(xxh64(text));
  return [...bytes];
};

describe("fields", () => {
  test("are read wherever they stand at the top, in any notation of their names", () => {
    const found = read('{"x":{"model":"no"},"mod\\u0065l":"m","user":"u","cache_salt":"s","\\u0073tream":true}');
    assert.equal(found.model, "m");
    assert.equal(found.modelHash, xxh64("m"));
    assert.equal(found.userHash, xxh64("u"));
    assert.equal(found.saltHash, xxh64("s"));
    assert.equal(found.stream, true);
    const nested = read('{"a":{"model":"m","stream":true,"max_tokens":5,"user":"u"},"b":[{"prompt":"abcdefgh"}]}');
    assert.deepEqual(nested, read("{}"));
  });

  test("are not those whose names only look alike", () => {
    for (const key of ["Model", "model ", "mode", "models", "mo\\u0000del", "model\\u0000", "\\ud83dmodel", ""]) {
      assert.equal(read(`{"${key}":"m"}`).modelHash, 0n, key);
    }
  });

  test("count as absent where they are of another type", () => {
    for (const value of ["1", "true", "null", "{}", "[]", '["m"]', '{"model":"m"}']) {
      const { modelHash, model, userHash, saltHash } = read(`{"model":${value},"user":${value},"cache_salt":${value}}`);
      assert.deepEqual(
        { modelHash, model, userHash, saltHash },
        { modelHash: 0n, model: "", userHash: 0n, saltHash: 0n },
      );
    }
    for (const value of ["false", "null", "1", '"true"', "[true]", '{"stream":true}']) {
      assert.equal(read(`{"stream":${value}}`).stream, false, value);
      assert.equal(read(`{"stream_options":{"include_usage":${value}}}`).includeUsage, false, value);
    }
    for (const value of [
      "true",
      '"include_usage"',
      "[true]",
      '[{"include_usage":true}]',
      '{"a":{"include_usage":true}}',
    ]) {
      assert.equal(read(`{"stream_options":${value},"include_usage":true}`).includeUsage, false, value);
    }
    for (const value of ["true", "null", '"5"', "[5]", '{"max_tokens":5}']) {
      assert.equal(read(`{"max_tokens":${value}}`).maxTokens, 0, value);
    }
  });

  test("that come twice count as they came last", () => {
    const twice = read('{"model":"long name","stream":true,"user":"u","max_tokens":5,"model":"b","stream":false}');
    assert.equal(twice.model, "b");
    assert.equal(twice.modelHash, xxh64("b"));
    assert.equal(twice.stream, false);
    assert.equal(read('{"model":"a","model":null}').modelHash, 0n);
    assert.equal(read('{"max_tokens":5,"max_tokens":"6"}').maxTokens, 0);
    const options = '"stream_options":{"include_usage":true}';
    assert.equal(read(`{${options}}`).includeUsage, true);
    assert.equal(read(`{${options},"stream_options":{}}`).includeUsage, false);
    assert.equal(read(`{${options},"stream_options":null}`).includeUsage, false);
    assert.equal(read('{"stream_options":{"include_usage":true,"include_usage":0}}').includeUsage, false);
  });

  test("are decoded", () => {
    const names = ["é", "\\u00e9", "\\u00E9"].map((name) => read(`{"model":"${name}"}`));
    for (const { model, modelHash } of names) assert.deepEqual([model, modelHash], ["é", xxh64("é")]);
    assert.equal(read('{"model":"\\ud83d\\ude00/\\/\\n\\"\\\\"}').model, '😀//\n"\\');
    assert.equal(read('{"model":"a\\ud83d"}').model, "a\ufffd");
    assert.equal(read('{"model":"\\ude00\\ud83da"}').model, "\ufffd\ufffda");
    assert.equal(read('{"model":"\\ud83d\\ud83d\\ude00"}').model, "\ufffd😀");
    assert.equal(read('{"model":"\\u0000\\u007f\\u0080\\u07ff\\u0800\\uffff"}').model, "\0\x7f\x80\u07ff\u0800\uffff");
    assert.equal(read('{"model":""}').modelHash, xxh64(""));
  });

  test("of great length are hashed whole and kept to 256 bytes, no character cut", () => {
    for (const [name, kept] of [
      ["x".repeat(256), 256],
      ["x".repeat(257), 256],
      ["é".repeat(200), 256],
      [`x${"é".repeat(200)}`, 255],
      [`xx${"😀".repeat(100)}`, 254],
      [`${"x".repeat(253)}你好`, 256],
    ] as const) {
      const { model, modelHash } = read(JSON.stringify({ model: name }));
      assert.equal(modelHash, xxh64(name));
      assert.ok(name.startsWith(model));
      assert.equal(Buffer.byteLength(model), kept);
    }
  });
});

describe("the limit of tokens", () => {
  test("is the first of three fields that is there", () => {
    assert.equal(read('{"max_output_tokens":1,"max_tokens":2,"max_completion_tokens":3}').maxTokens, 3);
    assert.equal(read('{"max_completion_tokens":3,"max_tokens":2,"max_output_tokens":1}').maxTokens, 3);
    assert.equal(read('{"max_output_tokens":1,"max_tokens":2}').maxTokens, 2);
    assert.equal(read('{"max_output_tokens":1}').maxTokens, 1);
    assert.equal(read('{"max_completion_tokens":null,"max_tokens":0,"max_output_tokens":1}').maxTokens, 1);
    assert.equal(read("{}").maxTokens, 0);
  });

  test("is a number's integer part, within 32 bits", () => {
    for (const [text, value] of [
      ["100", 100],
      ["1e3", 1000],
      ["1.5E+3", 1500],
      ["12345e-2", 123],
      ["0.00042e5", 42],
      ["99.999999999999999999999999", 99],
      ["100000000000000000000000e-21", 100],
      ["-5", 0],
      ["4294967295", 4294967295],
      ["4294967296", 4294967295],
      ["1e1000000000000000000000000", 4294967295],
      ["1e-1000000000000000000000000", 0],
      ["0e1000000000000000000000000", 0],
    ] as const) {
      assert.equal(read(`{"max_tokens":${text}}`).maxTokens, value, text);
    }
  });
});

describe("the prompt", () => {
  test("is fed as it stands, each string ended by a zero byte, without keys", () => {
    assertFed('{"prompt":"a\\nb"}', ["a\\nb", 0]);
    assertFed('{"text":"é"}', ["é", 0]);
    assertFed('{"prompt":["ab","c"]}', ["ab", 0, "c", 0]);
    assertFed('{"messages":[{"role":"user","content":"hi"}]}', ["user", 0, "hi", 0]);
    assertFed('{"messages":[{"content":[{"type":"text","text":"hi"},[]],"n":{}}]}', ["text", 0, "hi", 0]);
    assertFed('{"messages":[true,false,null]}', [1, 2, 3]);
    assertFed('{"messages":[{"a":-1.50e1,"b":7}]}', ["-1.50e1", 0, "7", 0]);
    assertFed('{"prompt":""}', [0]);
    assertFed('{"prompt":[]}', []);
  });

  test("has token ids in the arrays of prompt and input only", () => {
    assertFed('{"prompt":[1,258]}', [1, 0, 0, 0, 2, 1, 0, 0]);
    assertFed('{"prompt":[1, 258 ]}', [1, 0, 0, 0, 2, 1, 0, 0]);
    assertFed('{"input":[[65536],["a",2]]}', [0, 0, 1, 0, "a", 0, 2, 0, 0, 0]);
    assertFed('{"input":[4294967295,4294967296,-1,1.5,0]}', [
      ...Array(8).fill(255),
      0,
      0,
      0,
      0,
      1,
      ...Array(7).fill(0),
    ]);
    assertFed('{"input":[{"n":1},2]}', ["1", 0, 2, 0, 0, 0]);
    assertFed('{"text":[12]}', ["12", 0]);
    assertFed('{"messages":[12]}', ["12", 0]);
    assertFed('{"prompt":[1234567890,999999999]}', [0xd2, 2, 0x96, 0x49, 0xff, 0xc9, 0x9a, 0x3b]);
  });

  test("is counted in bytes without the ends of strings", () => {
    assert.equal(read('{"prompt":"a\\nb"}').promptBytes, 4);
    assert.equal(read('{"prompt":[1,23456]}').promptBytes, 8);
    assert.equal(read('{"messages":[{"a":-1.5,"b":null,"c":"xy"}],"system":"abc"}').promptBytes, 4 + 1 + 2 + 3);
    assert.equal(read(`{"prompt":"${"x".repeat(1000)}"}`, 4, 2).promptBytes, 1000, "also what is not hashed");
  });

  test("counts as absent where it is of another type", () => {
    for (const [key, value] of [
      ["messages", '"abcdefgh"'],
      ["messages", '{"content":"abcdefgh"}'],
      ["tools", '"abcdefgh"'],
      ["prompt", '{"a":"abcdefgh"}'],
      ["prompt", "12345678"],
      ["input", "null"],
      ["text", "true"],
      ["instructions", '{"a":"abcdefgh"}'],
    ]) {
      assert.deepEqual(read(`{"${key}":${value}}`), read("{}"));
    }
  });

  test("goes on where a field comes again", () => {
    assertFed('{"prompt":"ab","prompt":"cd","messages":["e"]}', ["ab", 0, "cd", 0, "e", 0]);
  });

  test("has media as hashes of their text", () => {
    const part = (value: string) => `{"messages":[${value}]}`;
    const media = [...hashBytes("ab\\/c"), 0];
    assertFed(part('{"image_url":{"url":"ab\\/c"}}'), media);
    assertFed(part('{"image_url":{"detail":"low","url":"ab\\/c"}}'), ["low", 0, ...media]);
    assertFed(part('{"image_url":"ab\\/c"}'), media);
    assertFed(part('{"video_url":{"url":"ab\\/c"}}'), media);
    assertFed(part('{"input_audio":{"data":"ab\\/c","format":"wav"}}'), [...media, "wav", 0]);
    assertFed(part('{"file":{"file_data":"ab\\/c"}}'), media);
    assertFed(part('{"source":{"data":"ab\\/c"}}'), media);
    assertFed(part('{"url":"ab\\/c"}'), ["ab\\/c", 0]);
    assertFed(part('{"image_url":[{"url":"ab\\/c"}]}'), ["ab\\/c", 0]);
    assertFed(part('{"image_url":{"x":{"url":"ab\\/c"}}}'), ["ab\\/c", 0]);
    assertFed(part('{"data":["ab\\/c"]}'), ["ab\\/c", 0]);
    assertFed(part('{"video_url":"ab\\/c"}'), ["ab\\/c", 0]);
    assertFed('{"input":["x",{"image_url":"ab\\/c"}]}', ["x", 0, ...media]);
    const image = { type: "image_url", image_url: { url: `data:image/png;base64,${"A".repeat(100_000)}` } };
    const found = read(JSON.stringify({ messages: [{ role: "user", content: [image, image] }] }), 64);
    assert.equal(found.images, 2);
    assert.equal(found.promptBytes, 4 + 2 * (9 + 8));
    assert.equal(found.blocks.length, 0);
  });
});

describe("blocks", () => {
  const MODEL = '"model":"m"';
  const SALT = '"cache_salt":"s"';
  const HEAD = '"tools":[{"name":"tool"}],"system":"be kind"';
  const MAIN = '"messages":[{"role":"user","content":"hello there, world"}]';

  test("are full ones only, and not more than asked for", () => {
    assert.equal(read('{"prompt":"abc"}', 4).blocks.length, 1);
    assert.equal(read('{"prompt":"abcdef"}', 4).blocks.length, 1);
    assert.equal(read('{"prompt":"abcdefg"}', 4).blocks.length, 2);
    const all = read(`{${HEAD},${MAIN}}`, 4, 100).blocks;
    assert.equal(all.length, 3 + 6, "13 bytes of head, 24 of main");
    for (let most = 0; most < all.length; most++) {
      assert.deepEqual(read(`{${HEAD},${MAIN}}`, 4, most).blocks, all.slice(0, most), "head first");
      assert.deepEqual(read(`{${MAIN},${HEAD}}`, 4, most).blocks, all.slice(0, most), "main first");
    }
  });

  test("do not depend on the order of head, main, model and salt", () => {
    const expected = read(`{${MODEL},${SALT},${HEAD},${MAIN}}`);
    for (const order of [
      [MAIN, HEAD, SALT, MODEL],
      [HEAD, MAIN, MODEL, SALT],
      [SALT, MAIN, MODEL, HEAD],
      ['"x":[{"prompt":"y"}]', MAIN, '"temperature":1', HEAD, MODEL, '"n":null', SALT],
    ]) {
      assert.deepEqual(read(`{${order.join(",")}}`), expected);
    }
  });

  test("are all others with another model or salt", () => {
    const variants = [
      `{${MODEL},${HEAD},${MAIN}}`,
      `{${HEAD},${MAIN}}`,
      `{"model":"n",${HEAD},${MAIN}}`,
      `{${MODEL},${SALT},${HEAD},${MAIN}}`,
      `{${MODEL},"cache_salt":"m",${HEAD},${MAIN}}`,
      `{"model":"s","cache_salt":"m",${HEAD},${MAIN}}`,
      `{"model":"m","cache_salt":"",${HEAD},${MAIN}}`,
    ].map((body) => read(body).blocks);
    const distinct = new Set(variants.flat());
    assert.equal(distinct.size, variants.length * 9);
  });

  test("tell the blocks before them and nothing behind", () => {
    const prompt = (text: string) => read(JSON.stringify({ model: "m", prompt: text }), 16).blocks;
    const whole = prompt("a".repeat(160));
    assert.equal(whole.length, 10);
    assert.equal(new Set(whole).size, 10);
    for (let at = 0; at < 160; at++) {
      const other = prompt(`${"a".repeat(at)}b${"a".repeat(159 - at)}`);
      const same = Math.floor(at / 16);
      assert.deepEqual(other.slice(0, same), whole.slice(0, same));
      for (let block = same; block < 10; block++) assert.notEqual(other[block], whole[block]);
    }
    assert.deepEqual(prompt("a".repeat(500)).slice(0, 10), whole);
  });

  test("of the main chain tell the whole head, its last bytes included", () => {
    const main = (head: string) => read(`{"system":"${head}",${MAIN}}`, 16).blocks.slice(-1);
    const ends = ["", "a", "b", "aaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaab", "aaaaaaaaaaaaaaac"].map(main);
    assert.equal(new Set(ends.flat()).size, ends.length);
    assert.equal(new Set([...ends.flat(), ...read(`{${MAIN}}`, 16).blocks]).size, ends.length + 1);
  });
});
