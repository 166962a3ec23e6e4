import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseCommandLine } from "../../simulator/cli.ts";
import { OptionError, resolveOptions } from "../../simulator/options.ts";

const MAIN = fileURLToPath(new URL("../../simulator/main.ts", import.meta.url));

type Run = { child: ChildProcess; output: { stdout: string; stderr: string }; exited: Promise<number | null> };

function launch(t: TestContext, args: string[]): Run {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  const output = { stdout: "", stderr: "" };
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr!.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  return { child, output, exited: once(child, "close").then(([code]) => code as number | null) };
}

test("a command line becomes options, in milliseconds", () => {
  const args =
    "--port 0 --host ::1 --name sim-1 --model m --lora a,b --lora c --max-loras 3 --max-num-seqs 8 --prefill-base 5ms " +
    "--prefill-per-token 75us --decode-per-token 1s --time-scale 0.5 --block-size 32 --num-gpu-blocks 64 " +
    "--max-model-len 512 --seed 9";
  assert.deepEqual(parseCommandLine(args.split(" ")), {
    options: {
      port: 0,
      host: "::1",
      name: "sim-1",
      model: "m",
      loras: ["a", "b", "c"],
      maxLoras: 3,
      maxNumSeqs: 8,
      prefillBaseMs: 5,
      prefillPerTokenMs: 0.075,
      decodePerTokenMs: 1000,
      timeScale: 0.5,
      blockSize: 32,
      numGpuBlocks: 64,
      maxModelLen: 512,
      seed: 9,
    },
  });
  assert.deepEqual(parseCommandLine([]), { options: {} });
});

test("options that contradict each other are refused by their flags", () => {
  assert.throws(
    () => resolveOptions({ maxModelLen: 1000, numGpuBlocks: 10 }),
    (error) => {
      assert.ok(error instanceof OptionError);
      assert.match(error.message, /--max-model-len 1000 needs 63 blocks of 16 tokens, but --num-gpu-blocks is 10/);
      return true;
    },
  );
  assert.throws(() => resolveOptions({ loras: ["base"] }), /--lora base: there is already a model of that name/);
  assert.equal(resolveOptions({ numGpuBlocks: 10 }).maxModelLen, 160);
  assert.equal(resolveOptions({}).maxModelLen, 32768);
});

test("a bad flag is named, with the value seen and what is expected", () => {
  const bad: [string[], RegExp][] = [
    [["--port", "99999"], /--port <port>.*'99999'.*whole number from 0 to 65535/],
    [["--prefill-base", "7.5"], /--prefill-base <duration>.*'7.5'.*a number with a unit, such as "7.5ms"/],
    [["--max-num-seqs", "0"], /--max-num-seqs <count>.*'0'.*whole number from 1/],
    [["--time-scale", "-1"], /--time-scale <factor>.*'-1'.*number from 0/],
    [["--lora", "a,,b"], /--lora <names>.*'a,,b'.*a name or several/],
    [["--name", " "], /--name <name>.*' '.*a name/],
    [["--block-size"], /--block-size <tokens>.*argument missing/],
    [["--no-such-flag"], /unknown option '--no-such-flag'/],
    [["leftover"], /too many arguments/],
  ];
  for (const [args, expected] of bad) {
    const line = parseCommandLine(args);
    assert.ok("exitCode" in line, args.join(" "));
    assert.equal(line.exitCode, 2);
    assert.match(line.text, expected);
  }
});

test("bad flags, and flags that contradict each other, are said on stderr; exit code 2", async (t) => {
  for (const args of [
    ["--port", "x"],
    ["--max-model-len", "99999"],
  ]) {
    const { output, exited } = launch(t, args);
    assert.equal(await exited, 2, args.join(" "));
    assert.match(output.stderr, new RegExp(`^error: .*${args.join(".*")}`));
    assert.equal(output.stdout, "");
  }
});

test("help names every flag with its default, and examples", async (t) => {
  const { output, exited } = launch(t, ["--help"]);
  assert.equal(await exited, 0);
  const flags =
    "host port name model lora max-loras max-num-seqs prefill-base prefill-per-token decode-per-token time-scale " +
    "block-size num-gpu-blocks max-model-len seed";
  for (const flag of flags.split(" ")) assert.match(output.stdout, new RegExp(`--${flag} <`));
  assert.equal(output.stdout.match(/\(default:/g)!.length, flags.split(" ").length);
  assert.match(output.stdout, /Examples:/);
  assert.match(output.stdout, /7\.5ms/);
});

test("a busy port is named, with the flag; exit code 1", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const { output, exited } = launch(t, ["--port", String(port)]);
  assert.equal(await exited, 1);
  assert.match(output.stderr, new RegExp(`^error: port ${port} on 127.0.0.1 is in use: .*--port`));
  assert.equal(output.stdout, "");
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`it says in one line where it listens, and ${signal} stops it with exit code 0`, async (t) => {
    const { child, output, exited } = launch(t, ["--port", "0", "--name", "sim-1", "--lora", "reviews-1"]);
    await once(child.stdout!, "data");
    const match = /^simulator sim-1 listening on (http:\/\/127\.0\.0\.1:\d+) \(models: base, reviews-1\)\n$/.exec(
      output.stdout,
    );
    assert.ok(match !== null, output.stdout);
    const url = match[1]!;
    await (await fetch(`${url}/admin/state`, { method: "POST", body: '{"stuck": true}' })).text();
    const held = assert.rejects(
      fetch(`${url}/v1/completions`, { method: "POST", body: '{"model": "base", "prompt": "Hi"}' }),
    );
    await (await fetch(`${url}/health`)).text();
    child.kill(signal);
    assert.equal(await exited, 0);
    await held;
    assert.equal(output.stderr, "");
  });
}
