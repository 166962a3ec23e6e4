import assert from "node:assert/strict";
import { test } from "node:test";
import { AuthorityMender, authorityTaken } from "../../../sidecar/http2/authority.ts";
import { pathOf } from "../../../sidecar/http2/header-block.ts";

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
const ascii = (text: string): string => Buffer.from(text).toString("hex");

/** Blocks of one connection as they go out, in hex. */
function mend(...blocks: readonly string[]): (string | undefined)[] {
  const mender = new AuthorityMender();
  return blocks.map((block) => mender.mend(bytes(block))?.toString("hex"));
}

test("blocks of RFC 7541, appendix C, are left as they are", () => {
  const examples = [
    // C.2.1 to C.2.4
    ["400a637573746f6d2d6b65790d637573746f6d2d686561646572"],
    ["040c2f73616d706c652f70617468"],
    ["100870617373776f726406736563726574"],
    ["82"],
    // C.3 and C.4: three requests on a connection
    [
      "828684410f7777772e6578616d706c652e636f6d",
      "828684be58086e6f2d6361636865",
      "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    ],
    [
      "828684418cf1e3c2e5f23a6ba0ab90f4ff",
      "828684be5886a8eb10649cbf",
      "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ],
  ];
  for (const blocks of examples) {
    const mender = new AuthorityMender();
    for (const block of blocks.map(bytes)) assert.equal(mender.mend(block), block, "the very same");
  }
});

test("however an :authority is written, it is mended", () => {
  const bad = `03${ascii("a|b")}`;
  const good = `03${ascii("a_b")}`;
  const name = `0a${ascii(":authority")}`;
  const forms = ["41", "01", "11", `40${name}`, `00${name}`, `10${name}`, "4088b83b5339ec327d7f"];
  for (const form of forms) assert.deepEqual(mend(`82${form}${bad}84`), [`82${form}${good}84`], form);
  // In HPACK's code: 00011, 111111111111100, 100011, and ones.
  assert.deepEqual(mend("82 41841fffc8ff 84"), [`8241${good}84`]);
});

test("what nghttp2 takes stays, all else becomes `_`, the length stays", () => {
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  // 256 is 127 and 129, which takes two bytes.
  const [mended] = mend(`41 7f8101 ${every.toString("hex")}`);
  assert.equal(mended?.slice(0, 8), "417f8101");
  const text = bytes(mended!.slice(8)).toString("latin1");
  const kept = "!$%&'()*+,-.0123456789:;=ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz~";
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCharCode(byte);
    assert.equal(text[byte], kept.includes(character) ? character : "_");
  }
  const long = "outbound|".repeat(20);
  assert.deepEqual(mend(`41 7f35 ${ascii(long)}`), [`417f35${ascii(long.replaceAll("|", "_"))}`]);
});

test("other fields are let be, whatever stands in them", () => {
  const text = `03${ascii("a|b")}`;
  const blocks = [`82${`40${text}${text}`}`, `04${text}`, `58${text}`, `3fe11f 82 be 42${text}`].map((block) =>
    block.replaceAll(" ", ""),
  );
  assert.deepEqual(mend(...blocks), blocks);
});

test("a name in the dynamic table is known by its place, whatever came and went in between", () => {
  const field = (first: string, value: string): string => `${first}03${ascii(value)}`;
  const named = `40${"0a"}${ascii(":authority")}03${ascii("a|b")}`;
  // 62 is what came last. Of the name's own entry comes another of the name.
  assert.equal(mend(named, field("7e", "c|d"))[1], field("7e", "c_d"));
  assert.deepEqual(mend(named, field("58", "x|x"), field("7f00", "c|d"), field("7e", "e|f")).slice(1), [
    field("58", "x|x"),
    field("7f00", "c_d"),
    field("7e", "e_f"),
  ]);
  assert.equal(mend(named, field("58", "x|x"), field("7e", "c|d"))[2], field("7e", "c|d"), "cache-control");
  // In one block, and by a literal that adds nothing to the table.
  assert.deepEqual(mend(`${field("58", "x|x")}${named}${field("0f2f", "c|d")}${field("0f30", "e|f")}`), [
    `${field("58", "x|x")}${named.replace(ascii("a|b"), ascii("a_b"))}${field("0f2f", "c_d")}${field("0f30", "e|f")}`,
  ]);
  const far = Array.from({ length: 127 }, () => field("58", "x|x"));
  // 62 + 127 is 63 and 126, 62 + 128 is 63 and 127.
  assert.equal(mend(named, ...far, field("7f7e", "c|d")).at(-1), field("7f7e", "c_d"));
  assert.equal(mend(named, ...far, field("58", "x|x"), field("7f7f", "c|d")).at(-1), field("7f7f", "c|d"), "gone");
});

test("what is no block", () => {
  const broken = ["41", "41036161", "40", "4001", "ff", "ffffffffffff7f", "3f", "7f", "41841fffc8fe"];
  for (const block of broken) assert.deepEqual(mend(block), [undefined], block);
});

test("of a first request, what decides", () => {
  const request = (authority: string) => bytes(`83 86 44 04 ${ascii("/a/B")} 41 03 ${ascii(authority)}`);
  assert.equal(pathOf(request("a.b")), "/a/B");
  assert.equal(authorityTaken(request("a.b")), true);
  assert.equal(authorityTaken(request("a|b")), false);
  // In HPACK's code, as in appendix C.
  assert.equal(pathOf(bytes("4486a8eb10649cbf")), "no-cache");
  assert.equal(pathOf(bytes("8284")), null);
  assert.equal(pathOf(bytes("44")), null);
});
