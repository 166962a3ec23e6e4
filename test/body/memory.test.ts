// The reader's memory settles and stays.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../simulator/random.ts";
import { damage, makeBody } from "./bodies.ts";
import { BodyModule } from "./module.ts";

test("100,000 requests, some at the same time, broken or given up, leave the memory unchanged", async () => {
  const module = await BodyModule.start();
  const { exports } = module;
  const random = createRandom(5);
  const long = JSON.stringify({ system: "s".repeat(5000), prompt: "p".repeat(20_000), model: "m".repeat(1000) });
  const bodies: Uint8Array[] = [new TextEncoder().encode(long)];
  for (let i = 0; i < 200; i++) bodies.push(i % 4 === 0 ? damage(random, makeBody(random)) : makeBody(random));
  const placed = bodies.map((bytes) => ({ at: module.place(bytes), length: bytes.length }));

  const open: number[] = [];
  const request = (number: number) => {
    const { at, length } = placed[number % placed.length]!;
    const body = exports.takeBody([16, 64, 256, 4096][number % 4]!, 1024);
    assert.notEqual(body, 0);
    exports.feedBody(body, at, length >> 1);
    open.push(body);
    // Ten others stand meanwhile; every seventh is given up half-way.
    if (open.length <= 10) return;
    const oldest = open.shift()!;
    if (number % 7 !== 0) {
      const { at, length } = placed[(number - 10) % placed.length]!;
      exports.feedBody(oldest, at + (length >> 1), length - (length >> 1));
      exports.endBody(oldest);
    }
    exports.releaseBody(oldest);
  };
  for (let i = 0; i < 2000; i++) request(i);
  const bytes = module.memoryBytes;
  for (let i = 2000; i < 102_000; i++) request(i);
  for (const body of open) exports.releaseBody(body);
  assert.equal(module.memoryBytes, bytes);
});
