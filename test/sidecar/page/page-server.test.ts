import assert from "node:assert/strict";
import { get, type IncomingMessage } from "node:http";
import { type TestContext, test } from "node:test";
import { LATENCY_BOUNDS } from "../../../sidecar/page/latencies.ts";
import type { Overview } from "../../../sidecar/page/overview.ts";
import { type PageSources, startPageServer } from "../../../sidecar/page/page-server.ts";
import { Busy } from "../../../sidecar/page/why.ts";
import { ManualClock } from "../support/manual-clock.ts";

const LISTEN = { host: "127.0.0.1", port: 0, flag: "--page-port" };

const OVERVIEW: Overview = {
  at: 0,
  version: "1",
  missing: [],
  config: { origin: "built in", since: 0, revision: 1, problems: [] },
  gateways: [],
  names: [],
  pools: [],
  latencyBounds: LATENCY_BOUNDS,
};

async function start(t: TestContext, change: Partial<PageSources> = {}) {
  const clock = new ManualClock();
  const why = (pool: string) => (pool === "ns/a" ? '{"destinations":[]}' : undefined);
  const server = await startPageServer(LISTEN, {
    clock,
    overview: () => OVERVIEW,
    why,
    configText: () => "kind: X\n",
    ...change,
  });
  t.after(() => server.stop());
  const url = `http://127.0.0.1:${server.port}`;
  return { clock, url, ask: (path: string, init?: RequestInit) => fetch(url + path, { redirect: "manual", ...init }) };
}

/** The answer to headers and paths that fetch would not send. */
function answerTo(url: string, path: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { path, headers }, (response) => resolve(response.resume())).on("error", reject);
  });
}

async function statusFor(url: string, host: string): Promise<number | undefined> {
  return (await answerTo(url, "/", { host })).statusCode;
}

test("the page brings a policy that lets it run its own script and nothing else", async (t) => {
  const { ask } = await start(t);
  const answer = await ask("/");
  assert.equal(answer.status, 200);
  const policy = answer.headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'/);
  assert.doesNotMatch(await answer.text(), /(src|href)="https?:/, "no other server is asked for anything");
});

test("overview and explanation are JSON; what is not there is told", async (t) => {
  const { ask } = await start(t);
  assert.deepEqual(await (await ask("/overview.json")).json(), JSON.parse(JSON.stringify(OVERVIEW)));
  assert.deepEqual(await (await ask("/why.json?pool=ns%2Fa")).json(), { destinations: [] });
  assert.equal((await ask("/why.json?pool=ns%2Fb")).status, 404);
  assert.equal(await (await ask("/config.yaml")).text(), "kind: X\n");
  assert.equal((await ask("/admin")).status, 404);
  assert.equal((await ask("/", { method: "POST" })).status, 405);
});

test("events come at once and every second", async (t) => {
  let at = 0;
  const { clock, ask } = await start(t, { overview: () => ({ ...OVERVIEW, at: ++at }) });
  const answer = await ask("/events");
  assert.equal(answer.headers.get("content-type"), "text/event-stream");
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  assert.match((await reader.read()).value ?? "", /^data: \{"at":1,.*\}\n\n$/);
  clock.advance(1000);
  assert.match((await reader.read()).value ?? "", /^data: \{"at":2,/);
  await reader.cancel();
});

test("a request's explanation is asked for by its id, and may have to be asked for again", async (t) => {
  const why = (pool: string, request: number | undefined) => {
    if (request === 9) throw new Busy("ask again");
    return request === 8 ? undefined : JSON.stringify({ pool, request });
  };
  const { ask } = await start(t, { why });
  assert.deepEqual(await (await ask("/why.json?pool=ns%2Fa&request=7")).json(), { pool: "ns/a", request: 7 });
  const gone = await ask("/why.json?pool=ns%2Fa&request=8");
  assert.deepEqual([gone.status, await gone.text()], [404, "that request is too long past\n"]);
  const busy = await ask("/why.json?pool=ns%2Fa&request=9");
  assert.deepEqual([busy.status, busy.headers.get("retry-after")], [429, "1"]);
});

test("each browser is told of the pool that it asks for, and the sidecar hears each second which are looked at", async (t) => {
  const looked: (readonly string[])[] = [];
  const traffic = {
    ...{ requests: 0, errors: 0, outputTokens: 0, cached: undefined, ttft: [], priorities: [], recent: [] },
  };
  const overview = (name = "ns/first") => ({ ...OVERVIEW, pools: [{ name, endpoints: [], traffic }] });
  const { clock, ask } = await start(t, { looked: (pools) => looked.push(pools), overview });
  clock.advance(1000);
  assert.deepEqual(looked, []);
  const answers = await Promise.all(["ns%2Fa", "ns%2Fb", "ns%2Fa"].map((pool) => ask(`/events?pool=${pool}`)));
  clock.advance(2000);
  assert.deepEqual(looked, [
    ["ns/a", "ns/b"],
    ["ns/a", "ns/b"],
  ]);
  const reader = answers[1]!.body!.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await reader.read();
  assert.deepEqual(JSON.parse(value!.split("\n")[0]!.slice("data: ".length)).pools[0].name, "ns/b");
  await Promise.all([reader.cancel(), answers[0]!.body!.cancel(), answers[2]!.body!.cancel()]);
});

test("an explanation that fails is a 500 with its reason", async (t) => {
  const { ask } = await start(t, {
    why: () => {
      throw new Error("the filter says no");
    },
  });
  const answer = await ask("/why.json?pool=ns%2Fa");
  assert.deepEqual([answer.status, await answer.text()], [500, "the filter says no\n"]);
});

test("without a token it is for who asks by address, not for names that anybody may point here", async (t) => {
  const { url } = await start(t);
  for (const host of ["127.0.0.1:80", "localhost:9091", "[::1]:9091", "10.0.0.1"]) {
    assert.equal(await statusFor(url, host), 200, host);
  }
  for (const host of ["evil.example", "localhost.evil.example:9091"])
    assert.equal(await statusFor(url, host), 421, host);
});

test("other sites have no browser ask; links from there work", async (t) => {
  const { url } = await start(t);
  const statusOf = async (site: string, dest: string) =>
    (await answerTo(url, "/overview.json", { "sec-fetch-site": site, "sec-fetch-dest": dest })).statusCode;
  for (const site of ["same-origin", "none"]) assert.equal(await statusOf(site, "empty"), 200, site);
  for (const site of ["cross-site", "same-site"]) {
    assert.equal(await statusOf(site, "empty"), 403, site);
    assert.equal(await statusOf(site, "iframe"), 403, site);
    assert.equal(await statusOf(site, "document"), 200, site);
  }
});

test("who brings the token in the address is sent nowhere else", async (t) => {
  const { url } = await start(t, { token: "plain" });
  const { headers } = await answerTo(url, "/.//evil.example/?token=plain", {});
  assert.equal(headers.location, "/evil.example/");
});

test("with a token it is for who brings it, in a header, a cookie or once in the address", async (t) => {
  const { ask } = await start(t, { token: "s3cret ü" });
  for (const path of ["/", "/overview.json", "/events", "/why.json?pool=ns%2Fa", "/config.yaml"]) {
    assert.equal((await ask(path)).status, 401, path);
  }
  assert.equal((await ask("/?token=wrong")).status, 401);
  const welcome = await ask("/?token=s3cret%20%C3%BC");
  assert.deepEqual([welcome.status, welcome.headers.get("location")], [303, "/"]);
  const cookie = welcome.headers.get("set-cookie") ?? "";
  assert.match(cookie, /; HttpOnly; SameSite=Strict; Path=\/$/);
  assert.equal((await ask("/overview.json", { headers: { cookie: cookie.split(";")[0]! } })).status, 200);
  const { ask: askPlain } = await start(t, { token: "plain" });
  assert.equal((await askPlain("/overview.json", { headers: { authorization: "Bearer plain" } })).status, 200);
  assert.equal((await askPlain("/overview.json", { headers: { authorization: "Bearer plai" } })).status, 401);
});
