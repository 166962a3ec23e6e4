import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { cutPrompts, openTrace, readTrace, TraceRefused } from "../../../sidecar/simulate/trace.ts";
import { conversations, request, traceText } from "./traces.ts";

const GOOD = '{"timestamp": 5, "input_length": 513, "output_length": 2, "hash_ids": [7, 8], "chat_id": 1}';

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof TraceRefused);
    return error.message;
  }
  return assert.fail("it is not refused");
}

test("lines become requests; empty lines and other fields are passed over", () => {
  assert.deepEqual(readTrace(`${GOOD}\r\n\n${GOOD}\n`, "t"), [
    { timestamp: 5, promptTokens: 513, outputTokens: 2, hashIds: [7, 8] },
    { timestamp: 5, promptTokens: 513, outputTokens: 2, hashIds: [7, 8] },
  ]);
});

test("what a trace is written from is what it is read as", () => {
  const requests = conversations(4, 3, 1);
  assert.deepEqual(readTrace(traceText(requests), "t"), requests);
});

/** What is wrong with a line, by the fields that make it so. */
const WRONG: readonly (readonly [string, string])[] = [
  ["{", "is not JSON"],
  ["[1]", "is not a JSON object"],
  ["{}", "timestamp is missing, must be a number of milliseconds from 0 up"],
  [GOOD.replace("5,", '"5",'), 'timestamp is "5", must be a number of milliseconds from 0 up'],
  [GOOD.replace("5,", "4,"), "timestamp is 4, before the line above, 5; sort the trace by time"],
  [GOOD.replace("513", "0"), "input_length is 0, must be a whole number of tokens from 1 up"],
  [GOOD.replace("513", "512.5"), "input_length is 512.5, must be a whole number of tokens from 1 up"],
  [GOOD.replace(": 2", ": null"), "output_length is null, must be a whole number of tokens from 1 up"],
  [GOOD.replace("[7, 8]", "7"), "hash_ids is 7, must be a list of block ids"],
  [GOOD.replace("8]", "-8]"), "hash_ids[1] is -8, must be a whole number from 0 up"],
  [GOOD.replace(", 8]", "]"), "hash_ids has length 1, must be 2: one id per 512 of 513 tokens"],
];

for (const [line, why] of WRONG) {
  test(`refused: ${line}`, () => {
    assert.equal(
      refusal(() => readTrace(`${GOOD}\n\n${line}\n${GOOD}\n`, "some.jsonl")),
      `some.jsonl is refused:\n  line 3: ${why}`,
    );
  });
}

test("several bad lines are told together, but not hundreds", () => {
  const lines = refusal(() => readTrace("{}\n".repeat(100), "t")).split("\n");
  assert.equal(lines.length, 11);
  assert.match(lines[10]!, /^ {2}line 10: timestamp/);
});

test("lines after the requests that are wanted are not looked at", () => {
  assert.equal(readTrace(`${GOOD}\n${GOOD}\nnonsense\n`, "t", 2).length, 2);
});

test("a trace without requests is refused", () => {
  assert.equal(
    refusal(() => readTrace("\n", "t")),
    "t is refused: it has no requests",
  );
});

test("files are unpacked by their content, and told of where they cannot be read", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "inline-epp-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "trace");
  await writeFile(path, `${GOOD}\n`);
  const plain = await openTrace(path);
  const packed = gzipSync(`${GOOD}\n`);
  await writeFile(path, packed);
  assert.deepEqual(await openTrace(path), plain);
  await writeFile(path, packed.subarray(0, packed.length - 9));
  await assert.rejects(openTrace(path), { constructor: TraceRefused, message: /trace is refused: unexpected end/ });
  await assert.rejects(openTrace(join(folder, "none")), {
    constructor: TraceRefused,
    message: /^cannot read .*ENOENT/,
  });
});

test("prompts are cut to a length, with the ids that are left of them", () => {
  const short = request({ promptTokens: 512 });
  const long = request({ promptTokens: 2000, hashIds: [1, 2, 3, 4] });
  assert.deepEqual(cutPrompts([short, long], 1024), [short, { ...long, promptTokens: 1024, hashIds: [1, 2] }]);
  assert.deepEqual(cutPrompts([long], 1025), [{ ...long, promptTokens: 1025, hashIds: [1, 2, 3] }]);
});
