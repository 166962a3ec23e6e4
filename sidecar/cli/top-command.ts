// Not by name: Node before 20.12 has no styleText, and would not get as far as to say that it is too old.
import { setTimeout } from "node:timers/promises";
import * as util from "node:util";
import { Command, Option } from "commander";
import type { Overview } from "../page/overview.ts";
import { type Look, type Paint, screen } from "../top/screen.ts";
import type { Output } from "./check-command.ts";
import { stopSignal } from "./stop-signal.ts";
import { httpUrl } from "./values.ts";

const PERIOD_MS = 1000;
const PATIENCE_MS = 5000;
const PAGE = "http://127.0.0.1:9091";
/** Where the terminal does not say how high it is. */
const ROWS = 40;
const HOME_AND_CLEAR = "\x1b[H\x1b[J";

const HELP = `
Shows once a second what the sidecar's page shows: the sidecar has to serve it (serve --page-port 9091). Ctrl-C ends it.

Exit status 0: ended by Ctrl-C, or with --once, 1: the page cannot be reached, 2: misused.

Examples:
  $ inline-epp top
  $ inline-epp top --page http://127.0.0.1:9091 --pool default/base
  $ inline-epp top --once --output json
`;

const STYLES: Readonly<Record<Look, Parameters<typeof util.styleText>[0]>> = {
  title: "bold",
  head: "underline",
  bad: "red",
  stale: "yellow",
};

interface Flags {
  readonly page: URL;
  readonly pool?: string;
  readonly output: "text" | "json";
  readonly once?: true;
  readonly token?: string;
}

async function ask({ page, token }: Flags): Promise<Overview> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(new URL("/overview.json", page), { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  if (answer.status === 401) throw new Error("it wants its token: give it with --token");
  if (!answer.ok) throw new Error(`it answers ${answer.status}: ${(await answer.text()).trim()}`);
  return (await answer.json()) as Overview;
}

function reasonOf(error: Error): string {
  const { code, message } = (error.cause ?? error) as { code?: string; message: string };
  return message === "" ? (code ?? error.message) : message;
}

/** Shows it once, or until the signal. Returns whether the page could be reached. */
async function top(flags: Flags, output: Output, terminal: boolean): Promise<boolean> {
  const paint: Paint = (look, text) => (terminal ? util.styleText(STYLES[look], text) : text);
  const stopping = flags.once ? undefined : stopSignal();
  while (stopping?.aborted !== true) {
    let overview: Overview;
    try {
      overview = await ask(flags);
    } catch (error) {
      const hint = "is the sidecar running, with --page-port, and is that its address?";
      output.error(`cannot reach ${flags.page.origin}: ${reasonOf(error as Error)}; ${hint}\n`);
      return false;
    }
    if (flags.pool !== undefined && !overview.pools.some(({ name }) => name === flags.pool)) {
      const names = overview.pools.map(({ name }) => name).join(", ") || "none";
      output.error(`there is no pool ${flags.pool}; pools: ${names}\n`);
      return false;
    }
    const rows = (terminal ? process.stdout.rows : undefined) ?? ROWS;
    if (flags.output === "json") output.out(`${JSON.stringify(overview)}\n`);
    else output.out(`${terminal ? HOME_AND_CLEAR : ""}${screen(overview, rows, paint, flags.pool).join("\n")}\n`);
    if (stopping === undefined) return true;
    await setTimeout(PERIOD_MS, undefined, { signal: stopping }).catch(() => undefined);
  }
  return true;
}

/**
 * The `top` command.
 * @param failed is called where the page cannot be reached.
 */
export function topCommand(output: Output, failed: () => void): Command {
  return new Command("top")
    .description("Show endpoints and requests live in the terminal.")
    .addOption(
      new Option("--page <url>", "address of the sidecar's page").argParser(httpUrl).default(new URL(PAGE), PAGE),
    )
    .addOption(new Option("--token <token>", "the page's token").env("INLINE_EPP_PAGE_TOKEN"))
    .addOption(new Option("--pool <name>", "show only this pool"))
    .addOption(new Option("--output <format>", "what to print").choices(["text", "json"]).default("text"))
    .addOption(new Option("--once", "show it once"))
    .addHelpText("after", HELP)
    .action(async (flags: Flags) => {
      const terminal = flags.once !== true && flags.output === "text" && process.stdout.isTTY === true;
      if (!(await top(flags, output, terminal))) failed();
    });
}
