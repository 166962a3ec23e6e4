import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { Log } from "../../../sidecar/observe/log.ts";
import { type MayRead, readAccess } from "../../../sidecar/observe/read-access.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { ApiDouble, apiError } from "./api-double.ts";

let api: ApiDouble;
let clock: ManualClock;
let warnings: object[];
let mayRead: MayRead;

beforeEach(() => {
  api = new ApiDouble();
  api.owners.set("good", { username: "prometheus", groups: ["monitors"], paths: ["/metrics"] });
  clock = new ManualClock();
  warnings = [];
  const silent = () => undefined;
  const log = { debug: silent, info: silent, error: silent, warn: (fields: object) => warnings.push(fields) };
  mayRead = readAccess(api, clock, log as unknown as Log);
});

const status = async (token: string, path = "/metrics") => (await mayRead(`Bearer ${token}`, path))?.status ?? 200;

test("a token is reviewed, then its owner's right to get the path", async () => {
  assert.equal(await mayRead("Bearer good", "/metrics"), undefined);
  assert.deepEqual(api.posts, [
    {
      path: "/apis/authentication.k8s.io/v1/tokenreviews",
      body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token: "good" } },
    },
    {
      path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: {
          user: "prometheus",
          uid: "u-1",
          groups: ["monitors"],
          extra: undefined,
          nonResourceAttributes: { path: "/metrics", verb: "get" },
        },
      },
    },
  ]);
});

test("without a token, or with none that could be one, nobody is asked", async () => {
  for (const authorization of [undefined, "", "Bearer", "Bearer ", "Basic good", "Bearer a b", "good"]) {
    assert.equal((await mayRead(authorization, "/metrics"))?.status, 401, String(authorization));
  }
  assert.equal(api.posts.length, 0);
  assert.equal(await mayRead("bearer  good", "/metrics"), undefined, "the scheme's case does not matter");
});

test("an unknown token is 401, a right that is missing 403", async () => {
  assert.equal(await status("bad"), 401);
  assert.equal(api.posts.length, 1, "nobody's right is asked about");
  assert.deepEqual(await mayRead("Bearer good", "/state"), {
    status: 403,
    text: "the token's owner may not get /state: a ClusterRole has to allow it",
  });
});

test("what is allowed holds for a minute, what is refused for five seconds", async () => {
  assert.equal(await status("good"), 200);
  api.owners.delete("good");
  clock.advance(59_999);
  assert.equal(await status("good"), 200);
  assert.equal(api.posts.length, 2);
  clock.advance(1);
  assert.equal(await status("good"), 401);
  api.owners.set("good", { username: "prometheus", paths: ["/metrics"] });
  clock.advance(4_999);
  assert.equal(await status("good"), 401);
  clock.advance(1);
  assert.equal(await status("good"), 200);
});

test("each path has its own verdict", async () => {
  assert.equal(await status("good", "/metrics"), 200);
  assert.equal(await status("good", "/state"), 403);
  assert.equal(await status("good", "/metrics"), 200);
});

test("requests that come together share a review", async () => {
  api.hold();
  const all = [status("good"), status("good"), status("good")];
  await Promise.resolve();
  assert.equal(api.posts.length, 1);
  api.release();
  assert.deepEqual(await Promise.all(all), [200, 200, 200]);
  assert.equal(api.posts.length, 2);
});

test("an API server that is away is told as such, and asked again", async () => {
  api.failure = new Error("connect ECONNREFUSED");
  const answer = { status: 503, text: "the API server cannot be asked who reads: connect ECONNREFUSED" };
  assert.deepEqual(await mayRead("Bearer good", "/metrics"), answer);
  assert.deepEqual(await mayRead("Bearer good", "/metrics"), answer);
  assert.equal(api.posts.length, 2);
  assert.deepEqual(warnings, [{ path: "/metrics", reason: answer.text, unsaid: 0 }], "said once a minute");
  api.failure = undefined;
  assert.equal(await status("good"), 200);
});

test("what was allowed stays so while the API server is away, for its minute", async () => {
  assert.equal(await status("good"), 200);
  api.failure = new Error("connect ECONNREFUSED");
  clock.advance(59_999);
  assert.equal(await status("good"), 200);
  clock.advance(1);
  assert.equal(await status("good"), 503);
});

test("a right that the sidecar itself lacks is named with the rule that gives it", async () => {
  api.failure = apiError(403, "forbidden");
  assert.match((await mayRead("Bearer good", "/metrics"))!.text, /ClusterRole with .*"tokenreviews".*"create"/);
});

test("an answer that is no review is no verdict", async () => {
  api.post = async () => ({ kind: "Status" });
  assert.deepEqual(await mayRead("Bearer good", "/metrics"), {
    status: 503,
    text: "the API server answers a TokenReview without a status",
  });
});

test("an API server that does not answer is given up", async () => {
  api.hold();
  const answer = mayRead("Bearer good", "/metrics");
  await Promise.resolve();
  clock.advance(5_000);
  assert.deepEqual(await answer, {
    status: 503,
    text: "the API server cannot be asked who reads: no answer within 5 s",
  });
  assert.equal(clock.pending, 0);
});

test("made-up tokens are not all asked about at once, and do not drive out good ones", async () => {
  assert.equal(await status("good"), 200);
  api.hold();
  const all = Array.from({ length: 40 }, (_, number) => status(`made-up-${number}`));
  await Promise.resolve();
  api.release();
  const answers = await Promise.all(all);
  assert.equal(answers.filter((answer) => answer === 401).length, 16);
  assert.equal(answers.filter((answer) => answer === 503).length, 24);
  for (let number = 0; number < 2000; number++) await status(`another-${number}`);
  const before = api.posts.length;
  assert.equal(await status("good"), 200);
  assert.equal(api.posts.length, before);
});
