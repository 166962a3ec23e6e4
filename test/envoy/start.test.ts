import assert from "node:assert/strict";
import { globSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { after, afterEach, beforeEach, describe, test } from "node:test";
import { CACHE, ROOT } from "../../scripts/stack/command.ts";
import { whyBusy } from "../../scripts/stack/ports.ts";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { npmStart, type Run } from "./npm.ts";

const RUNNING = "Ctrl-C ends everything";
const STOP_MS = 30_000;

/** The processes of a run, by id. A zombie has no command line, and is none. */
function processesOf({ ports }: Run): Map<number, string> {
  const words = [`run-${ports.requests}/`, ...ports.all.map((port) => ` ${port} `)];
  const found = new Map<number, string>();
  for (const file of globSync("/proc/[0-9]*/cmdline")) {
    try {
      const command = readFileSync(file, "utf8").replaceAll("\0", " ");
      if (words.some((word) => command.includes(word))) found.set(Number(file.split("/")[2]), command);
    } catch {
      // It ended in between.
    }
  }
  return found;
}

/** Ends without notice the process of a run whose command line has a word. */
function kill(run: Run, word: string): void {
  const [pid] = [...processesOf(run)].find(([, command]) => command.includes(word) && !command.startsWith("npm"))!;
  process.kill(pid, "SIGKILL");
}

/** Waits until every process is gone and every port free. */
async function allGone(run: Run): Promise<void> {
  const gone = async (): Promise<boolean> => {
    const busy = await Promise.all(run.ports.all.map(whyBusy));
    return processesOf(run).size === 0 && busy.every((why) => why === null);
  };
  await waitUntil("every process gone", gone, STOP_MS);
}

const CHAT = '{"model":"base","messages":[{"role":"user","content":"Hello"}],"max_tokens":2}';

async function served({ ports }: Run): Promise<string | null> {
  const headers = { "content-type": "application/json" };
  const url = `http://127.0.0.1:${ports.requests}/v1/chat/completions`;
  const answer = await fetch(url, { method: "POST", headers, body: CHAT });
  assert.equal(answer.status, 200, await answer.text());
  return answer.headers.get("x-gateway-destination-endpoint-served");
}

describe("npm start", { skip: process.platform !== "linux" && "looks for processes in /proc" }, () => {
  let run: Run;
  const folders: string[] = [];
  beforeEach(async () => {
    run = await npmStart();
    folders.push(join(CACHE, `run-${run.ports.requests}`));
    await run.printed(RUNNING);
  });
  afterEach(async () => {
    run.npm.kill("SIGTERM");
    await allGone(run);
  });
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  test("shows what runs in one screen, and does what the screen says", async () => {
    const screen = run.output().split("\n");
    assert.ok(screen.length <= 40, `${screen.length} lines`);
    assert.doesNotMatch(run.output(), /npm-start/);
    const saturate = /curl -X POST (\S+) -d '(.*)'/.exec(run.output())!;
    const [, target, state] = saturate as unknown as [string, string, string];
    assert.equal((await fetch(`http://${target}`, { method: "POST", body: state })).status, 200);
    const [saturated] = run.ports.simulators;
    const avoided = async (): Promise<boolean> => {
      for (let i = 0; i < 10; i++) if ((await served(run)) === `127.0.0.1:${saturated}`) return false;
      return true;
    };
    await waitUntil("ten picks avoid it", avoided, 30_000);
    await run.printed("POST /v1/chat/completions 200 picked=");
  });

  test("asks for nothing before it can be decided, and says which endpoint file is followed", async () => {
    const stat = async (name: string): Promise<number> => {
      const answer = await fetch(`http://127.0.0.1:${run.ports.admin}/stats?filter=inline_epp_${name}_total`);
      return Number((await answer.text()).split(": ")[1]);
    };
    await waitUntil("its own request is counted", async () => (await stat("picks")) > 0, STOP_MS);
    assert.equal(await stat("failed_closed"), 0);
    const [, file] = /^ {2}endpoints +(\S+): a copy/m.exec(run.output()) as unknown as [string, string];
    const copy = readFileSync(join(ROOT, file), "utf8");
    assert.ok(run.ports.simulators.every((port) => copy.includes(`address: 127.0.0.1:${port}`)));
  });

  test("ends with everything it started on Ctrl-C", async () => {
    const started = performance.now();
    process.kill(-run.npm.pid!, "SIGINT");
    // npm itself may end by the signal.
    assert.ok([0, "SIGINT"].includes(await run.ended));
    assert.ok(performance.now() - started < STOP_MS);
    assert.match(run.output(), /Stopped\./);
    await allGone(run);
  });

  for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
    test(`ends with everything it started when npm alone gets ${signal}`, async () => {
      run.npm.kill(signal);
      await run.ended;
      await allGone(run);
    });
  }

  test("leaves nothing behind when it is killed itself", async () => {
    kill(run, "scripts/start.ts");
    await run.ended;
    await allGone(run);
  });

  test("ends with everything when a part ends, and says which", async () => {
    kill(run, "inline-epp.mjs");
    assert.equal(await run.ended, 1);
    assert.match(
      run.output(),
      /sidecar ended unexpectedly with signal SIGKILL\. The end of .*sidecar\.log:\n\n.*listening/s,
    );
    await allGone(run);
  });
});

describe("npm start with a mistake", () => {
  test("names every busy port, who needs it and how to choose another", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const { port } = server.address() as { port: number };
    const run = await npmStart(["--metrics-port", String(port), "--state-port", String(port + 1)]);
    assert.equal(await run.ended, 1);
    server.close();
    assert.match(run.output(), new RegExp(`${port} +in use.*sidecar, metrics.*--metrics-port or METRICS_PORT`));
    assert.doesNotMatch(run.output(), /state for Envoy|ready/);
  });

  test("says what is wrong with a flag", async () => {
    const bad = await npmStart(["--simulator-ports", "8001,8002"]);
    assert.equal(await bad.ended, 1);
    assert.match(bad.output(), /'8001,8002' is invalid.*Expected 3 ports with commas between them/);
    const twice = await npmStart(["--state-port", "7777", "--health-port", "7777"]);
    assert.equal(await twice.ended, 1);
    assert.match(twice.output(), /port 7777 is given twice/);
  });
});
