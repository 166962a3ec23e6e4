import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LineSplitter } from "../../../sidecar/kubernetes/lines.ts";

/** The lines of a text that arrives in pieces of so many bytes, and what is left. */
function split(text: string, size: number, maxBytes = 1000): { lines: string[]; rest: string; fits: boolean } {
  const splitter = new LineSplitter(maxBytes);
  const bytes = Buffer.from(text);
  const lines: string[] = [];
  let fits = true;
  for (let at = 0; at < bytes.length && fits; at += size) {
    // A copy that is wiped afterwards: whatever the splitter keeps must be its own.
    const chunk = Buffer.from(bytes.subarray(at, at + size));
    fits = splitter.write(chunk, (line) => lines.push(line) > 0);
    chunk.fill(0);
  }
  return { lines, rest: splitter.end(), fits };
}

describe("lines", () => {
  test("come out whole wherever the text was cut, also within a character", () => {
    const text = 'a\n\n{"name":"größer € 𝄞"}\nrest';
    for (let size = 1; size <= Buffer.byteLength(text); size++) {
      const expected = { lines: ["a", "", '{"name":"größer € 𝄞"}'], rest: "rest", fits: true };
      assert.deepEqual(split(text, size), expected, `pieces of ${size}`);
    }
  });

  test("of megabytes come out whole", () => {
    const long = "x".repeat(3 << 20);
    const { lines } = split(`${long}\nb\n`, 65_536, 4 << 20);
    assert.equal(lines.length, 2);
    assert.equal(lines[0], long);
    assert.equal(lines[1], "b");
  });

  test("have an end, whether their newline has come or not", () => {
    assert.equal(split("12345678\n", 3, 8).fits, true);
    assert.equal(split("123456789", 3, 8).fits, false);
    assert.equal(split("123456789\n", 100, 8).fits, false);
    assert.equal(split("123456789\n", 9, 8).fits, false);
  });

  test("are no longer cut when no more are wanted", () => {
    const splitter = new LineSplitter(100);
    const lines: string[] = [];
    const fits = splitter.write(Buffer.from("a\nb\nc\n"), (line) => lines.push(line) < 2);
    assert.deepEqual({ fits, lines }, { fits: true, lines: ["a", "b"] });
  });
});
