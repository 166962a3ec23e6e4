import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, type TestContext, test } from "node:test";
import type { EndpointFileError } from "../../../sidecar/discovery/endpoint-file.ts";
import { FileDiscovery, type FileDiscoveryOptions } from "../../../sidecar/discovery/file-discovery.ts";
import { until } from "../scrape/metrics-server.ts";

const root = await mkdtemp(join(tmpdir(), "endpoint-file-"));
after(() => rm(root, { recursive: true }));

let file: string;
let turn = 0;
beforeEach(async () => {
  const folder = join(root, String(++turn));
  await mkdir(folder);
  file = join(folder, "endpoints.yaml");
});

/** A file with one pool of that name. */
const withPool = (name: string): string => `pools: [{ name: ${name}, endpoints: [] }]\n`;

function discover(context: TestContext, options: Partial<FileDiscoveryOptions> = {}) {
  const heard: string[] = [];
  const refused: EndpointFileError[] = [];
  const discovery = new FileDiscovery({ file, onRefused: (error) => refused.push(error), ...options });
  context.after(() => discovery.stop());
  const start = (): Promise<void> => discovery.start((pools) => heard.push(pools.map(({ name }) => name).join(" ")));
  return { discovery, start, heard, refused };
}

/** Events alone: no poll would come within the test. */
const EVENTS_ONLY = { poll: 1e8, settle: 5 };
/** The poll alone: a look that an event asks for would come when the test is long over. */
const POLL_ONLY = { poll: 20, settle: 1e8 };

describe("an endpoint file is read again", () => {
  for (const [how, options] of [
    ["by events", EVENTS_ONLY],
    ["by default", {}],
  ] as const) {
    test(`${how}, when written in place and when replaced by a rename`, async (context) => {
      await writeFile(file, withPool("a"));
      const { discovery, start, heard, refused } = discover(context, options);
      await start();
      assert.deepEqual(heard, ["a"]);
      await writeFile(file, withPool("b"));
      await until("the new text is read", () => heard.at(-1) === "b");
      await writeFile(`${file}.new`, withPool("c"));
      await rename(`${file}.new`, file);
      await until("the new file is read", () => heard.at(-1) === "c");
      await writeFile(file, withPool("d"));
      await until("the new file is still watched", () => heard.at(-1) === "d");
      await discovery.stop();
      assert.ok(
        refused.every(({ problems }) => problems[0] === "must be a mapping with pools, is empty"),
        "nothing but a file caught half written may be refused",
      );
    });
  }

  test("by the poll, where there are no events", async (context) => {
    await writeFile(file, withPool("a"));
    // The link leads into another directory, where nothing is watched.
    const elsewhere = join(root, "elsewhere");
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, "real.yaml"), withPool("a"));
    await unlink(file);
    await symlink(join(elsewhere, "real.yaml"), file);
    const { discovery, start, heard } = discover(context, POLL_ONLY);
    await start();
    await writeFile(join(elsewhere, "next.yaml"), withPool("b"));
    await rename(join(elsewhere, "next.yaml"), join(elsewhere, "real.yaml"));
    await until("the file that the link leads to is read", () => heard.at(-1) === "b");
    await discovery.stop();
  });

  test("when the link that it is reached through is swapped, as in a Kubernetes volume", async (context) => {
    const volume = join(root, "volume");
    for (const version of ["1", "2"]) {
      await mkdir(join(volume, `..${version}`), { recursive: true });
      await writeFile(join(volume, `..${version}`, "endpoints.yaml"), withPool(`v${version}`));
    }
    await symlink("..1", join(volume, "..data"));
    await symlink(join("..data", "endpoints.yaml"), join(volume, "endpoints.yaml"));
    const { start, heard, refused } = discover(context, {
      ...EVENTS_ONLY,
      file: join(volume, "endpoints.yaml"),
    });
    await start();
    await symlink("..2", join(volume, "..data_tmp"));
    await rename(join(volume, "..data_tmp"), join(volume, "..data"));
    await until("the other version is read", () => heard.at(-1) === "v2");
    assert.deepEqual([heard, refused], [["v1", "v2"], []]);
  });

  test("not at all when it is stopped", async (context) => {
    await writeFile(file, withPool("a"));
    const { discovery, start, heard } = discover(context, { poll: 5, settle: 1 });
    await start();
    await discovery.stop();
    await writeFile(file, withPool("b"));
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(heard, ["a"]);
  });
});

describe("a file that is refused", () => {
  test("at first is an error, with the file's name and every problem", async (context) => {
    await writeFile(file, "pools: [{ name: a, endpoints: [{ address: x }] }]\nmore: 1\n");
    const { start, heard } = discover(context);
    await assert.rejects(start(), (error: EndpointFileError) => {
      assert.equal(error.problems.length, 2);
      assert.match(error.message, /^endpoint file .*endpoints\.yaml: more \(line 2\): unknown field/);
      return true;
    });
    assert.deepEqual(heard, []);
  });

  test("since it is not there", async (context) => {
    const { start } = discover(context);
    await assert.rejects(start(), /endpoint file .*ENOENT/);
  });

  test("later is reported once, and the last good version stays until there is a better one", async (context) => {
    await writeFile(file, withPool("a"));
    const { start, heard, refused } = discover(context, { poll: 10, settle: 5 });
    await start();
    await writeFile(`${file}.new`, "pools: 3\n");
    await rename(`${file}.new`, file);
    await until("it is refused", () => refused.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.deepEqual(
      refused.map(({ problems }) => problems),
      [["pools (line 1): must be a list, is 3"]],
    );
    await unlink(file);
    await until("its absence is reported", () => refused.length === 2);
    assert.match(refused[1]?.message ?? "", /ENOENT/);
    assert.deepEqual(heard, ["a"]);
    await writeFile(`${file}.new`, withPool("b"));
    await rename(`${file}.new`, file);
    await until("the good one is read", () => heard.at(-1) === "b");
    assert.deepEqual([heard, refused.length], [["a", "b"], 2]);
  });
});
