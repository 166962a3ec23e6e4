import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, describe, test } from "node:test";
import { promisify } from "node:util";
import { parse } from "yaml";
import packageFile from "../../package.json" with { type: "json" };
import { PINNED_ENVOY } from "../../scripts/envoy-binary.ts";
import { ROOT } from "../../scripts/stack/command.ts";
import { listenerOf, readEnvoyConfig } from "../harness/envoy-config.ts";
import { type Instruction, isIgnored, parseDockerfile } from "./dockerfile.ts";

const run = promisify(execFile);
const read = (name: string): string => readFileSync(join(ROOT, "envoy", name), "utf8");

describe("envoy/Dockerfile", () => {
  const stages = parseDockerfile(read("Dockerfile"));
  const ignoreFile = read("Dockerfile.dockerignore");
  const copies = (instructions: Instruction[]): Instruction[] =>
    instructions.filter(({ keyword }) => keyword === "COPY");
  const sources = ({ words }: Instruction): string[] => words.slice(0, -1);

  test("pins the versions that the rest of the project has", () => {
    const bases = Object.fromEntries(stages.map(({ name, base }) => [name, base]));
    const node = `node:${packageFile.devDependencies.node}-slim`;
    assert.deepEqual(bases, { build: node, node, sidecar: "node", envoy: `envoyproxy/envoy:v${PINNED_ENVOY}` });
  });

  test("runs nothing as root", () => {
    const userOf = (name: string): Instruction | undefined => {
      const stage = stages.find((one) => one.name === name);
      return stage?.instructions.findLast(({ keyword }) => keyword === "USER") ?? (stage && userOf(stage.base));
    };
    for (const { name } of stages.slice(1)) {
      const user = userOf(name);
      assert.ok(user !== undefined && user.text !== "root" && user.text !== "0", `stage ${name}`);
    }
  });

  test("copies what is there and is not ignored", () => {
    const copied = stages.flatMap(({ instructions }) => copies(instructions)).filter(({ flags }) => !flags.from);
    for (const source of copied.flatMap(sources)) {
      assert.ok(existsSync(join(ROOT, source)), `${source} does not exist`);
      assert.ok(!isIgnored(ignoreFile, source), `${source} is ignored`);
    }
    for (const path of ["node_modules/yaml", "build/filter.wasm", ".git", "docs", "envoy/Dockerfile"]) {
      assert.ok(isIgnored(ignoreFile, path), `${path} is not ignored`);
    }
  });

  describe("its build stage, on what it copies", () => {
    const folder = mkdtempSync(join(tmpdir(), "inline-epp-image-"));
    after(() => rmSync(folder, { recursive: true }));

    test("makes what the other stages take", async () => {
      const [build, ...others] = stages as [(typeof stages)[0], ...typeof stages];
      for (const { keyword, words, text, ...instruction } of build.instructions) {
        if (keyword === "COPY") {
          const target = join(folder, words.at(-1)!);
          for (const source of sources({ keyword, words, text, ...instruction })) {
            const intoFolder = words.at(-1)!.endsWith("/");
            cpSync(join(ROOT, source), intoFolder ? join(target, basename(source)) : target, { recursive: true });
          }
        }
        if (keyword !== "RUN") continue;
        if (text.startsWith("npm ci ")) symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
        else await run("sh", ["-c", text], { cwd: folder });
      }
      const taken = others
        .flatMap(({ instructions }) => copies(instructions))
        .filter(({ flags }) => flags.from === "build");
      assert.ok(taken.length > 0);
      for (const source of taken.flatMap(sources)) {
        assert.ok(existsSync(source.replace(/^\/inline-epp/, folder)), `the build stage makes no ${source}`);
      }
    });

    test("changes nothing in envoy.yaml but the address that requests come to", () => {
      const expected = readEnvoyConfig();
      listenerOf(expected).address.socket_address.address = "0.0.0.0";
      assert.deepEqual(parse(readFileSync(join(folder, "envoy", "envoy.yaml"), "utf8")), expected);
    });
  });
});
