import assert from "node:assert/strict";
import { test } from "node:test";
import { problemOf } from "../../../sidecar/replicas/redis-problem.ts";

const SYSTEM = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:6379"), { syscall: "connect" });
const RESET = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", syscall: "read" });
const FILE = Object.assign(new Error("ENOENT: no such file or directory, open 'x'"), {
  code: "ENOENT",
  syscall: "open",
});

test("errors are told apart by what would mend them, and name the flag", () => {
  for (const [error, kind, text] of [
    [SYSTEM, "away", /^connect ECONNREFUSED/],
    [RESET, "away", /^read ECONNRESET/],
    [new Error("Socket closed unexpectedly"), "away", /closed/],
    [new Error("LOADING Redis is loading the dataset in memory"), "away", /LOADING/],
    [
      new Error("WRONGPASS invalid username-password pair or user is disabled."),
      "credentials",
      /--redis-password-file/,
    ],
    [new Error("NOAUTH Authentication required."), "credentials", /--redis /],
    [new Error("NOAUTH HELLO must be called with the client already authenticated"), "credentials", /--redis /],
    [FILE, "credentials", /--redis-password-file cannot be read.*'x'/],
    [new Error("NOPERM User x has no permissions to run the 'xadd' command"), "permission", /docs\/replicas/],
    [new Error("WRONGTYPE Operation against a key"), "wrong-type", /--replica-group/],
    [new Error("READONLY You can't write against a read only replica."), "not-usable", /primary/],
    [new Error("MOVED 3999 127.0.0.1:6381"), "not-usable", /Redis Cluster/],
    [new Error("ERR unknown command 'HELLO', with args"), "not-usable", /too old/],
    [new Error('Unknown RESP type 72 "H"'), "not-usable", /no Redis/],
    [new Error("NOPROTO unsupported protocol version"), "not-usable", /too old/],
    [new Error("ERR DB index is out of range"), "not-usable", /no such database/],
    [new Error("OOM command not allowed when used memory > 'maxmemory'."), "not-usable", /OOM/],
  ] as const) {
    const problem = problemOf(error);
    assert.equal(problem.kind, kind, error.message);
    assert.match(problem.text, text);
  }
});

test("what a server repeats of a command is not told: the password may be in it", () => {
  for (const message of [
    "ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'epp' 'hunter2' ",
    "ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `epp`, `hunter2\n`, ",
  ]) {
    const { kind, text } = problemOf(new Error(message));
    assert.equal(kind, "not-usable");
    assert.match(text, /HELLO/);
    assert.doesNotMatch(text, /hunter2|epp'|epp`/);
  }
});
