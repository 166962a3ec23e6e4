import assert from "node:assert/strict";
import { test } from "node:test";
import { type Guest, Lane } from "../../../sidecar/scrape/lane.ts";

test("lets in as many as it may, the others in order", () => {
  const lane = new Lane(2);
  const inside: string[] = [];
  const enter = (name: string): Guest => {
    const guest = { admitted: () => inside.push(name) };
    lane.enter(guest);
    return guest;
  };
  const [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(enter) as [Guest, Guest, Guest, Guest, Guest];
  assert.deepEqual(inside, ["a", "b"]);
  lane.leave(b);
  assert.deepEqual(inside, ["a", "b", "c"]);
  lane.leave(b);
  assert.deepEqual(inside, ["a", "b", "c"], "leaving twice frees one place");
  lane.leave(d);
  lane.leave(a);
  assert.deepEqual(inside, ["a", "b", "c", "e"], "who gave up waiting is passed over");
  lane.leave(c);
  lane.leave(e);
  for (const name of ["f", "g", "h"]) enter(name);
  assert.deepEqual(inside.slice(4), ["f", "g"]);
});

test("a guest may leave while it is being admitted", () => {
  const lane = new Lane(1);
  let entered = 0;
  for (let turn = 0; turn < 2; turn++) {
    const guest = {
      admitted() {
        entered++;
        lane.leave(guest);
      },
    };
    lane.enter(guest);
  }
  assert.equal(entered, 2);
});
