// The page, put together from what the sidecar has.

import { readFile } from "node:fs/promises";
import { loadFilterModule } from "../filter/module.ts";
import { tellListening } from "../observe/listening.ts";
import type { Log } from "../observe/log.ts";
import type { PageSettings } from "../serve-settings.ts";
import { type Clock, every } from "../support/clock.ts";
import { makeOverview, type OverviewSources } from "./overview.ts";
import { type PageServer, startPageServer } from "./page-server.ts";
import { Traffic } from "./traffic.ts";
import { Why } from "./why.ts";

/** Milliseconds after which what is long past is forgotten. */
const TIDY_MS = 60_000;

/** What the page needs of the sidecar. */
export interface PageParts extends Omit<OverviewSources, "traffic"> {
  readonly clock: Clock;
  readonly log: Log;
  /** A snapshot's JSON, of that pool at least; undefined: there is no such pool, or not yet. */
  readonly state: (pool: string) => string | undefined;
}

/** The page at work. */
export interface Page extends PageServer {
  readonly traffic: Traffic;
}

async function readToken(file: string): Promise<string> {
  const text = (await readFile(file, "utf8")).trim();
  if (text === "") throw new Error(`${file} is empty; write the token into it, or leave out --page-token-file`);
  return text;
}

/**
 * Starts the page.
 * @throws Error where the token cannot be read, the port cannot be had or the page is not built.
 */
export async function openPage({ bind, port, tokenFile }: PageSettings, parts: PageParts): Promise<Page> {
  const { clock, source } = parts;
  const token = tokenFile === undefined ? undefined : await readToken(tokenFile);
  const now = () => clock.now();
  const traffic = new Traffic(now, Date.now);
  let module: WebAssembly.Module | undefined;
  // That of the last request: where nobody has asked for any, one is as good as another.
  const model = (pool: string) => traffic.pool(pool).recent.find(({ model }) => model !== "")?.model ?? "any";
  const why = new Why(() => (module ??= loadFilterModule()), parts.state, model, now);
  const at = { host: bind, port, flag: "--page-port" };
  const server = await startPageServer(at, {
    clock,
    overview: () => makeOverview({ ...parts, traffic }),
    why: (pool) => why.pool(pool),
    ...(token !== undefined && { token }),
  });
  tellListening(parts.log, "people", at, server.port);
  const endTidying = every(clock, TIDY_MS, () => traffic.keep(new Set(source.pools())));
  return {
    port: server.port,
    traffic,
    stop() {
      endTidying();
      return server.stop();
    },
  };
}
