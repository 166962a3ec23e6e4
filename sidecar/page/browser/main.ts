// The page: shows what comes from /events, one pool at a time.

import type { Overview, PoolView } from "../overview.ts";
import type { WhyAnswer } from "../why.ts";
import { askNewPrompt } from "./ask.ts";
import { ConfigPanel } from "./config.ts";
import { byId, make, setAttribute, setHidden, setText } from "./dom.ts";
import { FavouriteReasons } from "./favourite.ts";
import { clockTime } from "./format.ts";
import { figures, headline, showFigures } from "./headline.ts";
import { showLatencies, showPriorities } from "./panels.ts";
import { RecentList } from "./recent.ts";
import { type Order, Tiles } from "./tiles.ts";
import { showWhy } from "./why.ts";

const WHY_PERIOD_MS = 5000;
const AGAIN_MS = 5000;

const tiles = new Tiles(byId("tiles"));
const recent = new RecentList();
const config = new ConfigPanel();
const find = byId<HTMLInputElement>("find");
const order = byId<HTMLSelectElement>("order");
let overview: Overview | undefined;
let events: EventSource | undefined;
let why: WhyAnswer | string | undefined;
const reasons = new FavouriteReasons(() => show());
/** Name of the pool that is shown. */
let current: string | undefined;

/** What the address has behind #, as it was typed or as a link has it. */
function hashText(): string {
  const hash = location.hash.slice(1);
  try {
    return decodeURIComponent(hash);
  } catch {
    return hash;
  }
}

/** The pool that the address names behind #; that which is shown, where it names another place; otherwise the first. */
function chosenName(): string | undefined {
  const names = overview?.names ?? [];
  const hash = hashText();
  return names.find((name) => name === hash) ?? names.find((name) => hash !== "" && name === current) ?? names[0];
}

/** The chosen pool, once it is told of. */
function chosen(): PoolView | undefined {
  current = chosenName();
  return overview?.pools.find(({ name }) => name === current);
}

function showPools(names: readonly string[]): void {
  const nav = byId("pools");
  if ([...nav.children].map((button) => button.textContent).join("\n") !== names.join("\n")) {
    nav.replaceChildren(
      ...names.map((name) => {
        const button = make("button", name);
        button.type = "button";
        button.addEventListener("click", () => {
          location.hash = encodeURIComponent(name);
        });
        return button;
      }),
    );
  }
  for (const button of nav.children) setAttribute(button, "aria-pressed", String(button.textContent === current));
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
  setHidden(none, count > 0);
  setText(none, pool.endpoints.length === 0 ? "This pool has no endpoints." : "No endpoint has that in its name.");
}

function show(): void {
  if (overview === undefined) return;
  const pool = chosen();
  setText(byId("version"), overview.version);
  showStanding(overview);
  showPools(overview.names);
  config.show(overview.config);
  setHidden(byId("main"), overview.names.length === 0);
  if (pool === undefined) return;
  const title = `${pool.name} · inline-epp`;
  if (document.title !== title) document.title = title;
  const byAddress = new Map(pool.endpoints.map(({ address, name }) => [address, name]));
  setText(byId("headline"), headline(pool, why, reasons.of(pool)));
  showFigures(byId("figures"), figures(pool, overview.latencyBounds));
  showTiles(pool);
  const next = typeof why === "object" ? why.destinations[0] : undefined;
  const marks = new Map(next === undefined ? [] : [[next, "→"]]);
  showWhy(byId("why"), why ?? "Asking the filter …", marks, (address) => byAddress.get(address) ?? address);
  showLatencies(byId("ttft"), pool.traffic, overview.latencyBounds);
  showPriorities(byId("priorities"), pool.traffic);
  recent.show(pool);
}

async function askWhy(): Promise<void> {
  const pool = chosen();
  if (pool === undefined || document.hidden) return;
  const said = await askNewPrompt(pool.name);
  // Another pool may have been chosen meanwhile.
  if (chosen()?.name !== pool.name) return;
  why = said;
  show();
}

function connect(): void {
  events?.close();
  const opened = new EventSource(`/events?${new URLSearchParams({ pool: current ?? hashText() })}`);
  events = opened;
  let first = true;
  opened.addEventListener("message", ({ data }) => {
    overview = JSON.parse(data) as Overview;
    show();
    if (first) void askWhy();
    first = false;
  });
  opened.addEventListener("error", () => {
    setText(byId("standing"), "The sidecar does not answer; trying again …");
    // Where the connection broke it connects again by itself; where the answer was an error it gives up.
    if (opened.readyState === EventSource.CLOSED) setTimeout(() => events === opened && connect(), AGAIN_MS);
  });
}

find.addEventListener("input", show);
order.addEventListener("change", show);
window.addEventListener("hashchange", () => {
  const before = current;
  if (overview === undefined || chosenName() === before) return;
  why = undefined;
  show();
  connect();
});
setInterval(() => void askWhy(), WHY_PERIOD_MS);
connect();
