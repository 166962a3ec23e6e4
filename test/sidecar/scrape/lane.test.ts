import assert from "node:assert/strict";
import { test } from "node:test";
import { Lane, type Place } from "../../../sidecar/scrape/lane.ts";

test("lets in as many as it may, the others in order", () => {
  const lane = new Lane(2);
  const inside: string[] = [];
  const places = ["a", "b", "c", "d", "e"].map((name) => lane.enter(() => inside.push(name)));
  assert.deepEqual(inside, ["a", "b"]);
  places[1]?.leave();
  assert.deepEqual(inside, ["a", "b", "c"]);
  places[1]?.leave();
  assert.deepEqual(inside, ["a", "b", "c"], "leaving twice frees one place");
  places[3]?.leave();
  places[0]?.leave();
  assert.deepEqual(inside, ["a", "b", "c", "e"], "who gave up waiting is passed over");
  places[2]?.leave();
  places[4]?.leave();
  lane.enter(() => inside.push("f"));
  lane.enter(() => inside.push("g"));
  lane.enter(() => inside.push("h"));
  assert.deepEqual(inside.slice(4), ["f", "g"]);
});

test("a place may be left while it is being given", () => {
  const lane = new Lane(1);
  let entered = 0;
  const enter = (): Place =>
    lane.enter((place) => {
      entered++;
      place.leave();
    });
  enter();
  enter();
  assert.equal(entered, 2);
});
