import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { parse } from "yaml";
import { PROMTOOL } from "../../scripts/testing/system-programs.ts";
import { chats } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

const DASHBOARD = "deploy/monitoring/dashboard.json";
const RULES = "deploy/monitoring/rules.yaml";
/** Ours, and those of every process. */
const METRIC = /\b(?:inference_|inline_epp_|llm_d_epp_|process_|nodejs_)[a-z_]+\b/g;

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

const panels: readonly Panel[] = JSON.parse(readFileSync(DASHBOARD, "utf8")).panels;
const rules: readonly { alert: string; expr: string }[] = parse(readFileSync(RULES, "utf8")).groups[0].rules;

function metricsOf(expr: string): string[] {
  // Label names stand in braces and behind by, without and on.
  const bare = expr
    .replaceAll(/"[^"]*"/g, "")
    .replaceAll(/\{[^}]*\}/g, "")
    .replaceAll(/\b(by|without|on)\s*\([^)]*\)/g, "");
  return [...bare.matchAll(METRIC)].map(([name]) => name);
}

describe("monitoring", () => {
  let served: Set<string>;
  let exposition: string;

  before(async () => {
    const stack = await startStack();
    try {
      await chats(stack.url, 5);
      const envoy = await (await fetch(`${stack.envoy.adminUrl}/stats/prometheus`)).text();
      exposition = await stack.sidecar.metrics();
      const both = `${exposition}\n${envoy}`;
      served = new Set([...both.matchAll(/^([a-z_]+)[{ ]/gm)].map(([, name]) => name!));
      for (const [, name, kind] of both.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
        served.add(name!);
        if (kind === "histogram") for (const end of ["bucket", "sum", "count"]) served.add(`${name}_${end}`);
      }
    } finally {
      await stack.stop();
    }
  });

  test("panels show metrics that there are", () => {
    const exprs = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
    assert.ok(exprs.length > 20);
    for (const { title, expr } of exprs) {
      const names = metricsOf(expr);
      assert.ok(names.length > 0, `${title}: ${expr}`);
      for (const name of names) assert.ok(served.has(name), `${title}: there is no ${name}`);
    }
  });

  test("panels have data under the names of either family alone", () => {
    const familyOf = (name: string) =>
      name.startsWith("inference_") ? "gie" : name.startsWith("llm_d_") ? "llm-d" : "";
    for (const { title, targets = [] } of panels) {
      for (const { expr } of targets) {
        // Alternatives stand at both sides of an "or"; what one of them lacks, the other has.
        const families = new Set(metricsOf(expr).map(familyOf));
        assert.equal(families.has("gie"), families.has("llm-d"), `${title}: ${expr}`);
      }
    }
    for (const { alert, expr } of rules) assert.ok(!metricsOf(expr).some((name) => familyOf(name) !== ""), alert);
  });

  test("alerts watch metrics that there are", () => {
    for (const { alert, expr } of rules) {
      const names = metricsOf(expr);
      assert.ok(names.length > 0, alert);
      for (const name of names) assert.ok(served.has(name), `${alert}: there is no ${name}`);
    }
  });

  test("panels have ids of their own and do not overlap", () => {
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    for (const [index, { title, gridPos: one }] of panels.entries()) {
      assert.ok(one.x + one.w <= 24, title);
      for (const { title: second, gridPos: other } of panels.slice(0, index)) {
        const apart =
          one.x + one.w <= other.x ||
          other.x + other.w <= one.x ||
          one.y + one.h <= other.y ||
          other.y + other.h <= one.y;
        assert.ok(apart, `${title} lies over ${second}`);
      }
    }
  });

  test("promtool takes the exposition, and finds fault with nothing but the reference's names", () => {
    const { status, stdout, stderr } = spawnSync(PROMTOOL.name, ["check", "metrics"], { input: exposition });
    // 3: it could read everything, and has something to say.
    assert.ok(status === 0 || status === 3, String(stderr));
    const faults = `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
    // It takes the d of llm-d for a unit.
    const ours = faults.filter((line) => !/^llm_d_epp_\S+ .*abbreviated units/.test(line));
    assert.deepEqual(ours, []);
  });

  test("promtool takes the rules", () => {
    const said = execFileSync(PROMTOOL.name, ["check", "rules", RULES], { encoding: "utf8" });
    assert.match(said, new RegExp(`SUCCESS: ${rules.length} rules found`));
  });
});
