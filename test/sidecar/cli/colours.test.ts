// Colours are for terminals: the same command, with stdout a terminal and a pipe.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { snapshotText, WORKED_EXAMPLE } from "../explain/snapshots.ts";
import { file } from "./run.ts";

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL("../../../sidecar/main.ts", import.meta.url));
/** Runs a command with a terminal of its own, and copies what it writes there. */
const TERMINAL = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
const ESCAPE = "\x1b[";

test("explain colours what it shows on a terminal, unless NO_COLOR forbids it, and never elsewhere", async (t) => {
  const request = await file(t, '{"model": "m", "prompt": "twelve bytes"}');
  const state = await file(t, snapshotText({ pools: [WORKED_EXAMPLE] }));
  const args = [MAIN, "explain", request, "--state", state];
  const env = { PATH: process.env.PATH, TERM: "xterm-256color" };
  const onTerminal = (more: Record<string, string>, ...flags: string[]) =>
    run("python3", ["-c", TERMINAL, process.execPath, ...args, ...flags], { env: { ...env, ...more } });

  assert.ok((await onTerminal({})).stdout.includes(ESCAPE));
  assert.ok(!(await onTerminal({ NO_COLOR: "1" })).stdout.includes(ESCAPE));
  assert.ok(!(await onTerminal({}, "--output", "json")).stdout.includes(ESCAPE));
  assert.ok(!(await run(process.execPath, args, { env })).stdout.includes(ESCAPE));
});
