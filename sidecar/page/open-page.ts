// The page, put together from what the sidecar has.

import { readFile } from "node:fs/promises";
import type { PlannedPool } from "../explain/snapshot.ts";
import { loadFilterModule } from "../filter/module.ts";
import { tellListening } from "../observe/listening.ts";
import type { Log } from "../observe/log.ts";
import type { PageSettings } from "../serve-settings.ts";
import { type Clock, every } from "../support/clock.ts";
import { History } from "./history.ts";
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
  /** A pool as it is now; undefined: there is no such pool, or not yet. */
  readonly state: (pool: string) => PlannedPool | undefined;
  /** The configuration in force, as YAML. */
  readonly configText: () => string;
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
  const history = new History();
  const why = new Why({
    module: () => (module ??= loadFilterModule()),
    state: parts.state,
    past: (pool, time) => history.before(pool, time),
    model,
    request: (pool, id) => traffic.request(pool, id),
    now,
  });
  const at = { host: bind, port, flag: "--page-port" };
  const server = await startPageServer(at, {
    clock,
    overview: (pool) => makeOverview({ ...parts, traffic }, pool),
    looked(pools) {
      const states = pools.flatMap((pool) => parts.state(pool) ?? []);
      history.note(states, now());
    },
    why: (pool, request) => (request === undefined ? why.pool(pool) : why.request(pool, request)),
    configText: parts.configText,
    ...(token !== undefined && { token }),
  });
  tellListening(parts.log, "people", at, server.port);
  const endTidying = every(clock, TIDY_MS, () => {
    traffic.keep(new Set(source.pools()));
    history.tidy(now());
  });
  return {
    port: server.port,
    traffic,
    stop() {
      endTidying();
      return server.stop();
    },
  };
}
