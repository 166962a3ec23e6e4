// How a real Redis is reached: passwords, TLS, least privileges; and what happens where it is slow.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { freePorts } from "../../scripts/stack/ports.ts";
import { selfSigned } from "../../sidecar/grpc/self-signed.ts";
import { readRedisUrl } from "../../sidecar/replicas/redis-address.ts";
import { RedisSession } from "../../sidecar/replicas/redis-session.ts";
import { systemClock } from "../../sidecar/support/clock.ts";
import { file } from "../sidecar/cli/run.ts";
import { held } from "../sidecar/push/records.ts";
import { eventually } from "../sidecar/push/test-gateway.ts";
import { becomes, Fleet } from "./fleet.ts";
import { RedisServer } from "./redis-server.ts";

const CONNECTED = "connected to Redis, work is shared with other replicas";
const LOST = "Redis is away, this replica scrapes everything itself";

test("where the password is wrong, the log names the flag, once; a right one in Redis heals it", async (t) => {
  const redis = await RedisServer.start(t, ["--requirepass", "wrong"]);
  const fleet = await Fleet.start(t, 1);
  const replica = await fleet.add({}, { INLINE_EPP_REDIS: `redis://:s3cret@127.0.0.1:${redis.port}` });
  const line = await replica.run.logged(LOST);
  assert.equal(line.level, "error");
  assert.match(`${line.reason}`, /refuses user or password.*--redis-password-file.*WRONGPASS/);
  await redis.command("AUTH wrong\r\nCONFIG SET requirepass s3cret");
  await replica.run.logged(CONNECTED);
  assert.equal(replica.run.lines.filter(({ msg }) => msg === LOST).length, 1);
  assert.ok(!replica.run.error.includes("s3cret"));
});

test("a password file is read at each connection; none at all is told like a wrong one", async (t) => {
  const redis = await RedisServer.start(t, ["--requirepass", "s3cret"]);
  const fleet = await Fleet.start(t, 1);
  const path = await file(t, "another");
  const flags = { redis: redis.url };
  const [without, replica] = await Promise.all([
    fleet.add(flags),
    fleet.add({ ...flags, "redis-password-file": path }),
  ]);
  assert.match(`${(await without.run.logged(LOST)).reason}`, /refuses user or password.*NOAUTH/);
  assert.match(`${(await replica.run.logged(LOST)).reason}`, /refuses user or password/);
  await writeFile(path, "s3cret\n");
  await replica.run.logged(CONNECTED);
});

test("a user with the documented rights and no more is enough", async (t) => {
  const redis = await RedisServer.start(t);
  const commands =
    "hello auth select ping subscribe publish xadd xread xrevrange expire client|setname eval get set time";
  const allowed = commands.split(" ").map((name) => `+${name}`);
  await redis.command(
    "ACL SETUSER epp on >s3cret resetkeys ~inline-epp:* resetchannels &inline-epp:* -@all",
    ...allowed,
  );
  const fleet = await Fleet.start(t, 2);
  const flags = { redis: `redis://epp:s3cret@127.0.0.1:${redis.port}/1` };
  const [one, two] = await Promise.all([fleet.add(flags), fleet.add(flags)]);
  for (const replica of [one, two]) {
    await becomes("it knows the other", async () => (await replica.metric("inline_epp_replicas")) === 2);
  }
  const [a, b] = [await one.gateway(1n), await two.gateway(2n)];
  await eventually(() => a.kinds.includes("sync"));
  a.journal([held(1n, 100)]);
  a.flight({ 10: 1 });
  await eventually(() => b.journals.length === 1 && b.flights.at(-1)?.[10] === 1);
  const spent = { key: 1n, requests: 5e6, tokens: 0, requestDebt: 0, tokenDebt: 0 };
  assert.equal(await one.spend(spent), 5e6);
  assert.equal((await redis.command("INFO commandstats")).match(/rejected_calls=[1-9]/), null);
  for (const { run } of [one, two])
    assert.ok(
      run.lines.every(({ level }) => level === "info"),
      run.error,
    );
});

test("one that lacks a right is told which", async (t) => {
  const redis = await RedisServer.start(t);
  await redis.command("ACL SETUSER epp on >s3cret allkeys resetchannels +@all");
  const fleet = await Fleet.start(t, 1);
  const replica = await fleet.add({ redis: `redis://epp:s3cret@127.0.0.1:${redis.port}` });
  const { reason } = await replica.run.logged(LOST);
  assert.match(`${reason}`, /may not do what is needed; docs\/replicas\.md.*NOPERM.*channel/);
});

test("rediss:// checks the certificate, and takes authorities from NODE_EXTRA_CA_CERTS", async (t) => {
  const { key, cert } = selfSigned("localhost");
  const [keyFile, certFile] = [await file(t, key), await file(t, cert)];
  const [tlsPort] = (await freePorts(1)) as [number];
  const tls = ["--tls-cert-file", certFile, "--tls-key-file", keyFile, "--tls-auth-clients", "no"];
  await RedisServer.start(t, ["--tls-port", `${tlsPort}`, ...tls, "--tls-ca-cert-file", certFile]);
  const fleet = await Fleet.start(t, 1);
  const flags = { redis: `rediss://localhost:${tlsPort}` };
  const [trusting, other] = await Promise.all([fleet.add(flags, { NODE_EXTRA_CA_CERTS: certFile }), fleet.add(flags)]);
  await trusting.run.logged(CONNECTED);
  assert.match(`${(await other.run.logged(LOST)).reason}`, /self-signed certificate/);
});

async function openSession(t: TestContext, redis: RedisServer): Promise<RedisSession> {
  const session = await RedisSession.open({
    address: readRedisUrl(redis.url),
    passwordFile: undefined,
    clock: systemClock,
    channel: "c",
    onMessage: () => undefined,
  });
  t.after(() => session.close());
  return session;
}

test("a Redis that does not answer is sent so much and no more, until it does", async (t) => {
  const redis = await RedisServer.start(t);
  const session = await openSession(t, redis);
  redis.freeze();
  const message = Buffer.alloc(65_536);
  let sent = 0;
  while (session.publish(message)) sent++;
  assert.equal(sent, 16, "1 MiB");
  assert.equal(session.hasRoom, false);
  redis.thaw();
  await eventually(() => session.hasRoom && session.publish(message));
});

test("a session is over with the first error of its connections, and says which", async (t) => {
  const redis = await RedisServer.start(t);
  const session = await openSession(t, redis);
  const reading = session.read("k", "0-0").catch((error) => `${error.name}`);
  await redis.kill();
  assert.match((await session.over).message, /closed|ECONNRESET/);
  assert.equal(session.publish(Buffer.from("x")), false);
  assert.match(`${await reading}`, /Error/);
  await assert.rejects(openSession(t, redis), /ECONNREFUSED/);
});

test("a Redis that takes connections and says nothing is given up after 2 s", async (t) => {
  const redis = await RedisServer.start(t);
  redis.freeze();
  await assert.rejects(openSession(t, redis), /no answer within 2 s/);
  redis.thaw();
});
