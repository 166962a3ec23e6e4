// The table of docs/gateways/README.md says of each gateway what the suite is told, and the list what the suite tries.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { HOSTS, type Host } from "../gateways/hosts.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

function row({ gateway, page, picks, real, traits }: Host): string {
  const without = traits.outlivesSidecar === false ? "by the gateway's own failure mode" : "goes on picking";
  const long = traits.bodyLimit === undefined ? "not tried" : "413";
  return `| [${gateway}](${page}) | ${picks} | ${without} | ${long} | ${real} |`;
}

function expected(): string {
  const tried = [...read("test/gateways/suite.ts").matchAll(/^\s+it\("([^"]+)"/gm)].map(([, title]) => `- ${title}`);
  assert.ok(tried.length > 10);
  return [
    "| gateway | who picks | while the sidecar is away | a body beyond the limit | tried with |",
    "|---|---|---|---|---|",
    ...Object.values(HOSTS).map(row),
    "",
    "On each of them the same is tried:",
    "",
    ...tried,
    "",
  ].join("\n");
}

test("the table of gateways and the list of what is tried are those of the tests", () => {
  const page = read("docs/gateways/README.md");
  const written = /<!-- generated -->\n\n(.*)\n<!-- end -->/s.exec(page)?.[1];
  assert.equal(written, expected(), `docs/gateways/README.md should have:\n\n${expected()}`);
});
