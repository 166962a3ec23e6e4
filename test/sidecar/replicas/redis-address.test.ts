import assert from "node:assert/strict";
import { test } from "node:test";
import { readRedisUrl, shownAddress } from "../../../sidecar/replicas/redis-address.ts";

test("a URL says where, how and as whom", () => {
  assert.deepEqual(readRedisUrl("redis://cache"), {
    host: "cache",
    port: 6379,
    tls: false,
    username: undefined,
    password: undefined,
    database: 0,
  });
  assert.deepEqual(readRedisUrl("rediss://epp:p%40ss%2Fword@[fd00::1]:7000/3"), {
    host: "fd00::1",
    port: 7000,
    tls: true,
    username: "epp",
    password: "p@ss/word",
    database: 3,
  });
  assert.equal(readRedisUrl("redis://:secret@10.0.0.1/").password, "secret");
});

test("what is shown has no user and no password", () => {
  assert.equal(shownAddress(readRedisUrl("rediss://epp:secret@[fd00::1]:7000/3")), "rediss://[fd00::1]:7000/3");
  assert.equal(shownAddress(readRedisUrl("redis://:secret@cache")), "redis://cache:6379/0");
});

test("what is wrong is told without the password", () => {
  for (const [url, reason] of [
    ["cache:6379", /begins with cache:/],
    ["http://:secret@cache", /begins with http:/],
    [":secret@cache", /expected redis:/],
    ["redis://", /no host|expected redis:/],
    ["redis://:secret@cache/one", /database must be a number/],
    ["redis://:secret@cache/1?x=secret", /nothing may follow/],
    ["redis://:%secret@cache", /%25/],
    ["redis://:secret@cache:70000", /expected redis:/],
    ["", /expected redis:/],
  ] as const) {
    assert.throws(
      () => readRedisUrl(url),
      (error: Error) => error instanceof RangeError && reason.test(error.message) && !error.message.includes("secret"),
      url,
    );
  }
});
