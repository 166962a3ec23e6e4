import type { EndpointView } from "../overview.ts";
import { make, setText } from "./dom.ts";
import { age, percent, percentOrNone, rate, shownShare } from "./format.ts";

interface Tile {
  readonly element: HTMLLIElement;
  update(endpoint: EndpointView): void;
}

const FIGURES = ["queue", "running", "in flight", "KV cache", "req/s", "cached", "age", "LoRA"] as const;

/** Share of an endpoint's answers that are errors from which on its tile says so. */
const FAILING = 0.1;

function figureTexts(endpoint: EndpointView): readonly string[] {
  const { waiting, running, inFlight, kvUsage, requests, cached, adapters } = endpoint;
  const scraped = (text: string) => (endpoint.age === undefined ? "–" : text);
  return [
    scraped(String(waiting)),
    scraped(String(running)),
    String(inFlight),
    scraped(percent(kvUsage)),
    rate(requests),
    percentOrNone(cached),
    age(endpoint.age),
    adapters.join(", ") || "none",
  ];
}

function stateOf({ ready, stale, errors }: EndpointView): { readonly state: string; readonly label: string } {
  if (!ready) return { state: "unready", label: "takes no requests" };
  if (errors >= FAILING) return { state: "failing", label: `${percent(errors)} of its answers are errors` };
  return stale ? { state: "stale", label: "metrics are stale" } : { state: "fresh", label: "" };
}

function makeTile(): Tile {
  const title = make("h3");
  const place = make("p", "", "quiet");
  const badge = make("span", "", "badge");
  const meter = make("meter");
  meter.max = 1;
  const values = FIGURES.map(() => make("dd"));
  const list = make(
    "dl",
    FIGURES.map((name, index) => make("div", [make("dt", name), values[index]!])),
  );
  const shareText = make("span", "", "share");
  const element = make("li", [title, place, make("div", [meter, shareText], "bar"), badge, list], "tile");
  return {
    element,
    update(endpoint) {
      const { name, address, zone, engine, role, share } = endpoint;
      const { state, label } = stateOf(endpoint);
      const details = [address, engine, role === "any" ? "" : role, zone].filter((text) => text !== "");
      setText(title, name);
      setText(place, details.join(" · "));
      setText(badge, label);
      if (element.dataset.state !== state) element.dataset.state = state;
      const text = `${percent(share)} of the pool's requests`;
      if (meter.title !== text) {
        meter.title = text;
        meter.value = share;
        meter.setAttribute("aria-label", text);
        setText(shareText, percent(share));
      }
      for (const [index, figure] of figureTexts(endpoint).entries()) setText(values[index]!, figure);
      const adapters = values.at(-1)!;
      if (adapters.title !== adapters.textContent) adapters.title = adapters.textContent;
    },
  };
}

/** Much faster than localeCompare for a thousand names each second. */
const NAMES = new Intl.Collator(undefined, { numeric: true });

/** The order in which endpoints are shown. */
export type Order = "share" | "waiting" | "kvUsage" | "name";

/** What shows as one figure counts as one, so that tiles do not change places for what nobody sees. */
function shownOf(endpoint: EndpointView, order: Exclude<Order, "name">): number {
  return order === "waiting" ? endpoint.waiting : shownShare(endpoint[order]);
}

function sorted(endpoints: readonly EndpointView[], order: Order): EndpointView[] {
  const { compare } = NAMES;
  if (order === "name") return endpoints.toSorted((one, other) => compare(one.name, other.name));
  const keyed = endpoints.map((endpoint) => ({ endpoint, key: shownOf(endpoint, order) }));
  keyed.sort((one, other) => other.key - one.key || compare(one.endpoint.name, other.endpoint.name));
  return keyed.map(({ endpoint }) => endpoint);
}

function matches({ name, address, adapters }: EndpointView, text: string): boolean {
  return [name, address, ...adapters].some((part) => part.toLowerCase().includes(text));
}

/** The endpoints' tiles, by address. */
export class Tiles {
  readonly #list: HTMLElement;
  readonly #tiles = new Map<string, Tile>();

  constructor(list: HTMLElement) {
    this.#list = list;
    list.tabIndex = 0; // to scroll by keyboard
  }

  /** Shows those endpoints that have the text in their name, address or adapters; returns how many. */
  show(endpoints: readonly EndpointView[], order: Order, text: string): number {
    const shown = sorted(endpoints, order).filter((endpoint) => matches(endpoint, text.trim().toLowerCase()));
    const addresses = new Set(shown.map(({ address }) => address));
    for (const [address, { element }] of this.#tiles) {
      if (addresses.has(address)) continue;
      element.remove();
      this.#tiles.delete(address);
    }
    shown.forEach((endpoint, index) => {
      let tile = this.#tiles.get(endpoint.address);
      if (tile === undefined) {
        tile = makeTile();
        this.#tiles.set(endpoint.address, tile);
      }
      tile.update(endpoint);
      const there = this.#list.children[index] ?? null;
      if (there !== tile.element) this.#list.insertBefore(tile.element, there);
    });
    return shown.length;
  }
}
