import assert from "node:assert/strict";
import process from "node:process";
import { after, describe, test } from "node:test";
import { goTool } from "../../scripts/tools/go-tool.ts";
import { Trouble } from "../../scripts/trouble.ts";

describe("a tool that is built with Go", () => {
  const { PATH } = process.env;
  after(() => {
    process.env.PATH = PATH;
  });

  test("cannot be had without Go, and the message says what to do", async () => {
    process.env.PATH = import.meta.dirname;
    const tool = { name: "absent", module: "example.com/absent", version: "1.0.0" };
    await assert.rejects(goTool(tool), {
      constructor: Trouble,
      message: /need absent 1\.0\.0, .* no go on PATH\. Install Go/,
    });
  });
});
