// The page: shows what comes from /events, one pool at a time.

import type { Overview, PoolView } from "../overview.ts";
import { byId, make, setText } from "./dom.ts";
import { clockTime } from "./format.ts";
import { figures, headline, showFigures } from "./headline.ts";
import { showConfig, showLatencies, showPriorities, showRecent } from "./panels.ts";
import { type Order, Tiles } from "./tiles.ts";
import { showWhy, type WhyAnswer } from "./why.ts";

const WHY_PERIOD_MS = 5000;
const AGAIN_MS = 5000;

const tiles = new Tiles(byId("tiles"));
const find = byId<HTMLInputElement>("find");
const order = byId<HTMLSelectElement>("order");
let overview: Overview | undefined;
let why: WhyAnswer | string | undefined;
/** Name of the pool that is shown. */
let current: string | undefined;

/** The pool that the address names behind #; that which is shown, where it names another place; otherwise the first. */
function chosen(): PoolView | undefined {
  const pools = overview?.pools ?? [];
  const hash = location.hash.slice(1);
  const pool =
    pools.find(({ name }) => name === hash || encodeURIComponent(name) === hash) ??
    pools.find(({ name }) => hash !== "" && name === current) ??
    pools[0];
  current = pool?.name;
  return pool;
}

function showPools(pools: readonly PoolView[], current: PoolView | undefined): void {
  const nav = byId("pools");
  if ([...nav.children].map((button) => button.textContent).join("\n") !== pools.map(({ name }) => name).join("\n")) {
    nav.replaceChildren(
      ...pools.map(({ name }) => {
        const button = make("button", name);
        button.type = "button";
        button.addEventListener("click", () => {
          location.hash = encodeURIComponent(name);
        });
        return button;
      }),
    );
  }
  for (const button of nav.children) button.setAttribute("aria-pressed", String(button.textContent === current?.name));
}

function showStanding({ missing, gateways, at }: Overview): void {
  const ready = missing.length === 0 ? "Ready" : `Not ready: ${missing.join(", ")} missing`;
  const count = gateways.length === 1 ? "1 gateway" : `${gateways.length} gateways`;
  // Apart, so that a screen reader does not read it out every second.
  setText(byId("time"), `as of ${clockTime(at)}`);
  setText(byId("standing"), `${ready}, ${count} connected`);
}

function showTiles(pool: PoolView): void {
  const count = tiles.show(pool.endpoints, order.value as Order, find.value);
  setText(
    byId("endpoints-title"),
    `Endpoints (${count === pool.endpoints.length ? count : `${count} of ${pool.endpoints.length}`})`,
  );
  const none = byId("none");
  none.hidden = count > 0;
  setText(none, pool.endpoints.length === 0 ? "This pool has no endpoints." : "No endpoint has that in its name.");
}

function show(): void {
  if (overview === undefined) return;
  const pool = chosen();
  setText(byId("version"), overview.version);
  showStanding(overview);
  showPools(overview.pools, pool);
  showConfig(byId("config"), overview.config);
  byId("main").hidden = pool === undefined;
  if (pool === undefined) return;
  document.title = `${pool.name} · inline-epp`;
  const names = new Map(pool.endpoints.map(({ key, name }) => [key, name]));
  const byAddress = new Map(pool.endpoints.map(({ address, name }) => [address, name]));
  setText(byId("headline"), headline(pool, why));
  showFigures(byId("figures"), figures(pool, overview.latencyBounds));
  showTiles(pool);
  showWhy(byId("why"), why ?? "Asking the filter …", (address) => byAddress.get(address) ?? address);
  showLatencies(byId("ttft"), pool.traffic, overview.latencyBounds);
  showPriorities(byId("priorities"), pool.traffic);
  showRecent(byId("recent"), pool.traffic, (key) => names.get(key) ?? "an endpoint that is gone");
}

async function askWhy(): Promise<void> {
  const pool = chosen();
  if (pool === undefined || document.hidden) return;
  let said: WhyAnswer | string;
  try {
    const answer = await fetch(`/why.json?pool=${encodeURIComponent(pool.name)}`);
    said = answer.ok ? ((await answer.json()) as WhyAnswer) : (await answer.text()).trim();
  } catch (error) {
    said = (error as Error).message;
  }
  // Another pool may have been chosen meanwhile.
  if (chosen()?.name !== pool.name) return;
  why = said;
  show();
}

function connect(): void {
  const events = new EventSource("/events");
  events.addEventListener("message", ({ data }) => {
    const first = overview === undefined;
    overview = JSON.parse(data) as Overview;
    show();
    if (first) void askWhy();
  });
  events.addEventListener("error", () => {
    setText(byId("standing"), "The sidecar does not answer; trying again …");
    // Where the connection broke it connects again by itself; where the answer was an error it gives up.
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, AGAIN_MS);
  });
}

find.addEventListener("input", show);
order.addEventListener("change", show);
window.addEventListener("hashchange", () => {
  const before = current;
  if (chosen()?.name === before) return;
  why = undefined;
  show();
  void askWhy();
});
setInterval(() => void askWhy(), WHY_PERIOD_MS);
connect();
