import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { addReplicaFlags, replicaContradiction, replicaSettings } from "../../../sidecar/cli/replica-flags.ts";
import { start } from "./run.ts";

function parse(...args: string[]): Command {
  const command = new Command();
  addReplicaFlags(command);
  return command.parse(args, { from: "user" });
}

function settings(...args: string[]) {
  const command = parse(...args);
  assert.equal(replicaContradiction(command), undefined);
  return replicaSettings(command.opts());
}

test("the flags make settings; without --redis there are none", () => {
  assert.equal(settings(), undefined);
  const url = ["--redis", "redis://epp:s3cret@cache:7000/2"];
  const address = { host: "cache", port: 7000, tls: false, username: "epp", password: "s3cret", database: 2 };
  assert.deepEqual(settings(...url), { address });
  assert.deepEqual(settings(...url, "--replica-group", "east/1"), { address, group: "east/1" });
  const file = settings("--redis", "redis://cache", "--redis-password-file", "/run/secret");
  assert.equal(file?.passwordFile, "/run/secret");
});

test("what does not fit is refused by the flag's name, and no password is shown", () => {
  for (const [args, message] of [
    [["--redis", "http://:s3cret@cache"], /^--redis: expected redis:.*begins with http:/],
    [["--redis-password-file", "x"], /^--redis-password-file needs --redis$/],
    [["--replica-group", "x"], /^--replica-group needs --redis$/],
    [["--redis", "redis://cache", "--replica-group", "a b"], /^--replica-group is "a b"/],
    [["--redis", "redis://cache", "--replica-group", "{a}"], /^--replica-group is "{a}"/],
    [["--redis", "redis://cache", "--redis-password-file", ""], /^--redis-password-file is empty/],
    [["--redis", "redis://:s3cret@cache", "--redis-password-file", "x"], /^--redis has a password/],
  ] as const) {
    const problem = replicaContradiction(parse(...args)) ?? "";
    assert.match(problem, message);
    assert.ok(!problem.includes("s3cret"));
  }
});

test("serve takes the URL from the environment, and does not show it where it is wrong", async (t) => {
  const run = start(t, ["serve", "--endpoints", "x.yaml"], { INLINE_EPP_REDIS: "redis://:s3cret@cache/one" });
  assert.equal(await run.status, 2);
  assert.match(run.error, /error: INLINE_EPP_REDIS: .*database must be a number/);
  assert.ok(!run.error.includes("s3cret"));
});
