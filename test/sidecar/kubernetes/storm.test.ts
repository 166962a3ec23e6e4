// Random changes and random misbehaviour: whatever happens, collections end up with what the server has.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { type ApiServer, type ApiServerWatch, type KubernetesObject, PODS } from "../../harness/api-server.ts";
import { pick, seeded } from "../scrape/fixtures.ts";
import { collectMarks, fastClock, marksOf, pod, readMark, setUp, until } from "./support.ts";

const STORMS = 50;
const STEPS = 200;
/** Changes whose events come all the other way round in the end. */
const WAVE = 12;
const NAMES = Array.from({ length: 6 }, (_, index) => `p${index}`);

type Random = () => number;

function change(server: ApiServer, random: Random, step: number): void {
  const name = pick(random, NAMES);
  const isThere = server.objects(PODS).some(({ metadata }) => metadata.name === name);
  const app = random() < 0.8 ? "vllm" : "other";
  if (isThere && random() < 0.4) server.delete(pod(name));
  else server.apply(pod(name, random() < 0.2 ? -1 : step, { app }));
}

/** The marks that a collection of the server's pods should have. */
function wanted(server: ApiServer): Record<string, number> {
  const isWanted = (object: KubernetesObject) => object.metadata.labels?.app === "vllm" && readMark(object)! >= 0;
  const pods = server.objects(PODS).filter(isWanted);
  return Object.fromEntries(pods.map((object) => [object.metadata.name, readMark(object)!]));
}

type Mishap = (server: ApiServer, random: Random) => void | Promise<void>;

/** Does something to every open watch. */
function onWatches(mishap: (watch: ApiServerWatch, random: Random) => void): Mishap {
  return (server, random) => {
    for (const watch of server.watches()) mishap(watch, random);
  };
}

/** Things that go wrong on open watches, and with the next requests. */
const MISHAPS: readonly Mishap[] = [
  onWatches((watch, random) => watch.repeat(1 + Math.floor(random() * 5))),
  onWatches((watch, random) => watch.reorder(2 + Math.floor(random() * 3))),
  onWatches((watch) => watch.drop()),
  onWatches((watch) => watch.end()),
  onWatches((watch) => watch.freeze()),
  onWatches((watch) => watch.truncate()),
  onWatches((watch) => watch.write("{garbage\n")),
  (server) => server.bookmark(),
  (server) => server.compact(),
  (server, random) => {
    const verb = pick(random, ["list", "watch"] as const);
    const kinds = ["drop", "hang", "end", "cut"] as const;
    server.faults.plan({ verb }, { kind: pick(random, kinds) }, 1);
  },
  (server, random) => {
    const status = pick(random, [401, 403, 404, 410, 429, 500, 503]);
    const verb = pick(random, ["list", "watch"] as const);
    // Two: the first 401 is answered with fresh credentials.
    server.faults.plan({ verb }, { kind: "status", status, retryAfter: 1 }, status === 401 ? 2 : 1);
  },
  async (server) => {
    await server.down();
    await server.up();
  },
];

/** Reasons of errors over all storms. */
const reasons = new Set<string>();

after(() => {
  const expected = ["connection", "timeout", "unauthorized", "forbidden", "not_found", "gone", "throttled"];
  for (const reason of [...expected, "server_error", "garbage"])
    assert.ok(reasons.has(reason), `no storm was ${reason}`);
});

for (let seed = 1; seed <= STORMS; seed++) {
  test(`storm ${seed} ends with what the server has`, async (t) => {
    const random = seeded(seed);
    // Pauses of up to a minute last a few milliseconds.
    const clock = fastClock(4000);
    const { server, cluster, seen } = await setUp(t, { clock, random: seeded(-seed) });
    for (let index = 0; index < 5; index++) change(server, random, index);
    const read = (object: unknown): number | undefined => {
      const mark = readMark(object)!;
      return mark < 0 ? undefined : mark;
    };
    const { collection } = collectMarks(t, cluster, { labelSelector: "app=vllm" }, read);
    for (let step = 10; step < 10 + STEPS; step++) {
      change(server, random, step);
      if (random() < 0.2) await pick(random, MISHAPS)(server, random);
      if (random() < 0.05) await new Promise((resolve) => setTimeout(resolve, 2));
      for (let turns = random() * 8; turns > 1; turns--) await new Promise((resolve) => setImmediate(resolve));
    }
    server.faults.clear();
    const isWell = () => collection.state === "watching" && isDeepStrictEqual(marksOf(collection), wanted(server));
    await until(isWell).catch(() => assert.deepEqual(marksOf(collection), wanted(server)));
    assert.equal(collection.problem, undefined);
    for (const reason of seen) reasons.add(reason);

    // A watch may be frozen still: one that brings this is not.
    server.apply(pod("first", 1, { app: "vllm" }));
    await until(() => collection.objects.has("default/first") && server.watches().length > 0);
    // From here on no list comes in time to mend what the watch does.
    clock.slowDown();
    seen.length = 0;
    for (const watch of server.watches()) watch.reorder(1000);
    for (let step = 0; step < WAVE; step++) change(server, random, 10 + STEPS + step);
    for (const watch of server.watches()) {
      watch.release();
      watch.repeat(WAVE);
    }
    server.apply(pod("last", 1, { app: "vllm" }));
    await until(() => collection.objects.has("default/last") || seen.includes("list"));
    assert.deepEqual(marksOf(collection), wanted(server));
  });
}
