import assert from "node:assert/strict";
import { test } from "node:test";
import { frame, MessageReader, MessageRefused } from "../../../sidecar/grpc/messages.ts";

function read(chunks: readonly Buffer[], most = 1000): string[] {
  const messages: string[] = [];
  const reader = new MessageReader(most, (message) => messages.push(message.toString()));
  for (const chunk of chunks) reader.feed(chunk);
  return messages;
}

test("messages come out as they went in, however they are cut", () => {
  const texts = ["", "a", "bc".repeat(100), "", "the last"];
  const bytes = Buffer.concat(texts.map((text) => frame(Buffer.from(text))));
  assert.deepEqual(read([bytes]), texts);
  for (let size = 1; size < 40; size++) {
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
    assert.deepEqual(read(chunks), texts, `in pieces of ${size}`);
  }
});

test("a message that is too long is refused by its prefix, a compressed one by its flag", () => {
  const code = (wanted: number) => (error: unknown) => error instanceof MessageRefused && error.code === wanted;
  assert.throws(() => read([Buffer.from([0, 0, 0, 3, 0xe9])]), code(8));
  assert.deepEqual(read([frame(Buffer.alloc(1000, "x"))]), ["x".repeat(1000)]);
  assert.throws(() => read([Buffer.from([1, 0, 0, 0, 0])]), code(12));
});
