import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
// Not by name: Node before 20.12 has no styleText, and would not get as far as to say that it is too old.
import * as util from "node:util";
import { Command } from "commander";
import { compile } from "../epp-config/compile.ts";
import { ConfigRefused } from "../epp-config/config-refused.ts";
import { defaultConfig } from "../epp-config/default-config.ts";
import { blockSizeNotes } from "../explain/block-sizes.ts";
import { explain, StateNotTaken } from "../explain/explain.ts";
import { fetchState, StateUnavailable, stateUrl } from "../explain/fetch-state.ts";
import { jsonReport } from "../explain/json-report.ts";
import { readSnapshot, SnapshotRefused } from "../explain/read-snapshot.ts";
import type { Snapshot, SnapshotPool } from "../explain/snapshot.ts";
import { type Look, type Paint, textReport } from "../explain/text-report.ts";
import { FilterMissing, loadFilterModule } from "../filter/module.ts";
import type { Output } from "./check-command.ts";
import { addExplainFlags, type ExplainFlags, explainContradiction } from "./explain-flags.ts";
import { readPlanFile } from "./plan-file.ts";

const HELP = `
REQUEST is a file with a request's body, JSON, or - for stdin. It goes through the filter that ships, which is told of
the state as by a sidecar; nothing is sent anywhere. docs/explain.md describes the snapshot and the output.

Exit status 0: the decision is explained, 1: the request, the state or the configuration cannot be used, 2: misused.

Examples:
  What would a running sidecar's gateways do with this request?
    $ inline-epp explain request.json --sidecar http://127.0.0.1:9090
  Keep the state, and ask again later what another configuration would have done:
    $ curl -s http://127.0.0.1:9090/state >state.json
    $ inline-epp explain request.json --state state.json --config other.yaml
  With the headers that plugins look at, for one of several pools, for another program to read:
    $ inline-epp explain - --state state.json --pool default/base --output json \\
        --header 'x-session-token: ZGVmYXVsdC9wb2QtMQ==' --header 'x-slo-ttft-ms: 200' <request.json
`;

const STYLES: Readonly<Record<Look, Parameters<typeof util.styleText>[0]>> = {
  title: "bold",
  head: "underline",
  picked: "green",
  dropped: "dim",
};

/** The request, the state or the flags do not fit together. */
class Unusable extends Error {}

const REFUSALS = [ConfigRefused, SnapshotRefused, StateNotTaken, StateUnavailable, FilterMissing, Unusable];

async function readOrRefuse(file: string): Promise<Buffer> {
  return readFile(file).catch((error: Error) => {
    throw new Unusable(`cannot read ${file}: ${error.message}`);
  });
}

async function readRequest(file: string): Promise<Buffer> {
  const body = file === "-" ? await buffer(process.stdin) : await readOrRefuse(file);
  const name = file === "-" ? "the request on stdin" : file;
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch (error) {
    throw new Unusable(`${name} is not JSON: ${(error as Error).message}; expected a request's body`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Unusable(`${name} is no JSON object; expected a request's body such as {"model": "m", "prompt": "Hi"}`);
  }
  return body;
}

async function readState({ state, sidecar }: ExplainFlags): Promise<Snapshot> {
  if (sidecar !== undefined) return readSnapshot(await fetchState(sidecar), stateUrl(sidecar).href);
  return readSnapshot((await readOrRefuse(state!)).toString("utf8"), state!);
}

function choosePool({ pools }: Snapshot, name: string | undefined): SnapshotPool {
  const names = pools.map((pool) => pool.name).join(", ");
  if (pools.length === 0) throw new Unusable("the snapshot has no pools");
  if (name === undefined) {
    if (pools.length > 1) throw new Unusable(`the snapshot has several pools: choose one with --pool: ${names}`);
    return pools[0]!;
  }
  const found = pools.find((pool) => pool.name === name);
  if (found === undefined) throw new Unusable(`the snapshot has no pool ${name}; it has ${names}`);
  return found;
}

/** Colours where stdout is a terminal, and the environment does not forbid it. */
const paint: Paint = (look, text) => util.styleText(STYLES[look], text, { stream: process.stdout });

async function run(file: string, flags: ExplainFlags, output: Output): Promise<boolean> {
  try {
    const body = await readRequest(file);
    const snapshot = await readState(flags);
    const pool = choosePool(snapshot, flags.pool);
    const own = pool.plan ?? compile(defaultConfig().config);
    const plan = flags.config === undefined ? own : await readPlanFile(flags.config, output);
    const { journals } = snapshot;
    const { header: headers = [], seed, endpoints } = flags;
    const answer = explain(loadFilterModule(), { pool, plan, journals, body, headers, seed });
    const report = { pool, plan, answer, endpoints, notes: blockSizeNotes(pool, own, plan, journals) };
    output.out(flags.output === "json" ? jsonReport(report) : textReport(report, paint));
    return true;
  } catch (error) {
    if (!REFUSALS.some((kind) => error instanceof kind)) throw error;
    output.error(`${(error as Error).message}\n`);
    return false;
  }
}

/**
 * The `explain` command.
 * @param failed is called where there is nothing to show.
 */
export function explainCommand(output: Output, failed: () => void): Command {
  const command = new Command("explain")
    .description("Show why a request goes where: every endpoint's verdicts and scores, and what decided.")
    .argument("<request>", "file with the request's body, or - for stdin")
    .addHelpText("after", HELP);
  addExplainFlags(command);
  return command.action(async (request: string, flags: ExplainFlags, self: Command) => {
    const problem = explainContradiction(flags);
    if (problem !== undefined) self.error(`error: ${problem}`);
    if (!(await run(request, flags, output))) failed();
  });
}
