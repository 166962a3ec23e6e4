import { basename } from "node:path";
import { Command } from "commander";
import { compile } from "../epp-config/compile.ts";
import { ConfigRefused } from "../epp-config/config-refused.ts";
import { defaultConfig } from "../epp-config/default-config.ts";
import { FilterMissing } from "../filter/module.ts";
import { jsonReport, textReport } from "../simulate/report.ts";
import { type NamedPlan, POLICIES, type SimulateSettings, simulate } from "../simulate/simulate.ts";
import { TOKENS_PER_ID, TraceRefused } from "../simulate/trace.ts";
import { WorkloadRefused } from "../simulate/workload.ts";
import type { Output } from "./check-command.ts";
import { readPlanFile } from "./plan-file.ts";
import { addSimulateFlags, type SimulateFlags, simulateContradiction } from "./simulate-flags.ts";

const HELP = `
TRACE is a file of JSON lines, gzipped or not, each a request:
  {"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47, 48, ...]}
timestamp in milliseconds, lengths in tokens, and an id for each ${TOKENS_PER_ID} tokens of the prompt: prompts
that begin with the same ids begin with the same text. Lines are in order of time.

Costs are those of an empty server; a full batch takes twice as long. Load 1 is what all servers with full batches
would just manage without any prefix hit. Durations are written as in Go: 50ms, 2s, 75us.

Exit status 0: done, 1: the trace, a configuration or the settings cannot be used, 2: misused.

Examples:
  Ways of balancing without a picker against the built-in configuration:
    $ inline-epp simulate trace.jsonl.gz
  Two configurations side by side, on more servers and with rarer scrapes:
    $ inline-epp simulate trace.jsonl.gz --policy config --config a.yaml --config b.yaml \\
        --servers 16 --scrape-interval 500ms
`;

/** Times that progress is shown per policy. */
const PROGRESS_STEPS = 100;

async function readPlans(files: readonly string[], output: Output): Promise<NamedPlan[]> {
  if (files.length === 0) return [{ name: "default", plan: compile(defaultConfig().config) }];
  const names = files.map((file) => basename(file).replace(/\.(ya?ml|json)$/, ""));
  const areDistinct = new Set(names).size === names.length && !names.some((name) => POLICIES.includes(name));
  const plans: NamedPlan[] = [];
  for (const [index, file] of files.entries()) {
    plans.push({ name: areDistinct ? names[index]! : file, plan: await readPlanFile(file, output) });
  }
  return plans;
}

function settingsOf(trace: string, flags: SimulateFlags, plans: readonly NamedPlan[]): SimulateSettings {
  return {
    trace,
    requests: flags.requests,
    policies: flags.policy ?? POLICIES,
    plans,
    workers: flags.workers,
    scrapeInterval: flags.scrapeInterval,
    tokensPerPiece: flags.tokensPerPiece,
    maxPromptTokens: flags.maxPromptTokens,
    servers: flags.servers,
    maxNumSeqs: flags.maxNumSeqs,
    prefillBaseMs: flags.prefillBase,
    prefillPerTokenMs: flags.prefillPerToken,
    decodePerTokenMs: flags.decodePerToken,
    blockSize: flags.blockSize,
    cache: flags.numGpuBlocks === undefined ? { fraction: flags.cacheFraction } : { numGpuBlocks: flags.numGpuBlocks },
    pace: flags.speed === undefined ? { load: flags.load } : { speed: flags.speed },
    seed: flags.seed,
    warmup: flags.warmup,
  };
}

/** Shows how far a policy's run has come, where someone watches. */
function progressOn(output: Output): (policy: string, arrived: number, of: number) => void {
  if (!process.stderr.isTTY) return () => {};
  return (policy, arrived, of) => {
    if (arrived === of) output.error("\r\x1b[K");
    else if (arrived % Math.ceil(of / PROGRESS_STEPS) === 0) {
      output.error(`\r\x1b[K${policy}: ${arrived} of ${of} requests`);
    }
  };
}

async function run(trace: string, flags: SimulateFlags, output: Output): Promise<boolean> {
  try {
    const settings = settingsOf(trace, flags, await readPlans(flags.config ?? [], output));
    const simulation = await simulate(settings, progressOn(output));
    for (const note of simulation.notes) output.error(`note: ${note}\n`);
    output.out(flags.output === "json" ? jsonReport(simulation) : textReport(simulation));
    return true;
  } catch (error) {
    const refusals = [TraceRefused, WorkloadRefused, ConfigRefused, FilterMissing];
    if (!refusals.some((kind) => error instanceof kind)) throw error;
    output.error(`${(error as Error).message}\n`);
    return false;
  }
}

/**
 * The `simulate` command.
 * @param failed is called where there is nothing to show.
 */
export function simulateCommand(output: Output, failed: () => void): Command {
  const command = new Command("simulate")
    .description("Replay a trace against simulated model servers, and compare ways of choosing among them.")
    .argument("<trace>", "requests to replay")
    .addHelpText("after", HELP);
  addSimulateFlags(command);
  return command.action(async (trace: string, flags: SimulateFlags, self: Command) => {
    const problem = simulateContradiction(flags);
    if (problem !== undefined) self.error(`error: ${problem}`);
    if (!(await run(trace, flags, output))) failed();
  });
}
