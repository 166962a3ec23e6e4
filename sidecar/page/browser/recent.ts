// The last requests, and why one of them went where it went.

import type { PoolView } from "../overview.ts";
import type { RecentRequest } from "../recent-requests.ts";
import type { WhyAnswer } from "../why.ts";
import { askRequest } from "./ask.ts";
import { byId, fillRow, fillSentence, make, setAttribute, setHidden, setText, tableBody } from "./dom.ts";
import { clockTime, duration } from "./format.ts";
import { mainReason } from "./reasons.ts";
import { showWhy } from "./why.ts";

const HEAD = ["time", "model", "served by", "why", "status", "priority", "waited", "first token", "duration"];
const TOKENS = ["prompt (cached)", "output"];
const WHY_COLUMN = HEAD.indexOf("why");
const WORDS = [1, 2, WHY_COLUMN];
const KNOWN = "Of a request only its length, model and outcome are known here; its prompt never leaves the gateway";

function texts(one: RecentRequest, servedBy: string): string[] {
  return [
    clockTime(one.at),
    one.target === "" || one.target === one.model ? one.model : `${one.model} → ${one.target}`,
    servedBy,
    "",
    one.status === 0 ? "cut off" : String(one.status),
    String(one.priority),
    duration(one.queued),
    one.ttft === undefined ? "–" : duration(one.ttft),
    duration(one.duration),
    one.promptTokens === 0 ? "–" : `${one.promptTokens} (${one.cachedTokens})`,
    one.outputTokens === 0 ? "–" : String(one.outputTokens),
  ];
}

/** Whether it ended before it had an endpoint or an answer: who asked has gone. */
function isNobodys({ endpoint, status }: RecentRequest): boolean {
  return endpoint === undefined && status === 0;
}

/** Who served a request; `names` of endpoints by their keys. */
function serverOf(one: RecentRequest, names: ReadonlyMap<string, string>): string {
  if (isNobodys(one)) return "nobody";
  return one.endpoint === undefined ? "the gateway itself" : (names.get(one.endpoint) ?? "an endpoint that is gone");
}

/** Why an explanation may come to another endpoint than the one that served. */
function otherwise({ promptTokens }: RecentRequest): string {
  const unknown = "what decided is not known here";
  return promptTokens === 0
    ? `its answer told no usage, so that how much of its prompt was cached is not known here, or ${unknown}`
    : `it was sent on when another refused it, or ${unknown}`;
}

/** What the explanation of a request was made from, and whether it comes to what has happened. */
function caveat(one: RecentRequest, { told, before, destinations }: WhyAnswer, servedAt: string | undefined): string {
  if (told) return "This is what the gateway itself has told, for the request was traced.";
  const state =
    before === null
      ? "Explained with the state now, for nobody was looking then."
      : `Explained with the state of ${duration(before)} before the decision, or a little less.`;
  const other =
    servedAt !== undefined && destinations.length > 0 && destinations[0] !== servedAt
      ? ` By that it would have gone elsewhere: ${otherwise(one)}.`
      : "";
  return `${state} ${KNOWN}.${other}`;
}

/** Why a request went to `servedBy`, whose address is `served` where it is an endpoint of the pool. */
function sentence(one: RecentRequest, answer: WhyAnswer, served: string | undefined, servedBy: string): string {
  if (isNobodys(one)) return "It was cut off before an endpoint was found.";
  if (one.endpoint === undefined) return `The gateway answered it ${one.status} itself.`;
  if (served === undefined) return "The endpoint that served it has left the pool.";
  if (answer.destinations[0] !== served) return `What is known here does not explain why ${servedBy} served it.`;
  const reason = mainReason(answer);
  if (reason === undefined) return `No scorer prefers ${servedBy} to the others.`;
  return `${servedBy} had ${reason.words} (${reason.scorer}: ${reason.score.toFixed(2)}).`;
}

/** The list of requests. It stands still while a person is in it, or has it held. */
export class RecentList {
  readonly #place = byId("recent");
  readonly #hold = byId("hold");
  readonly #why = byId("request-why");
  readonly #sentence = byId("request-sentence");
  readonly #rows = new Map<number, HTMLTableRowElement>();
  #pool: PoolView | undefined;
  #chosen: number | undefined;

  constructor() {
    this.#hold.addEventListener("click", () => {
      setAttribute(this.#hold, "aria-pressed", String(this.#hold.getAttribute("aria-pressed") !== "true"));
    });
  }

  /** Shows the requests of a pool, newest first. */
  show(pool: PoolView): void {
    const isOther = pool.name !== this.#pool?.name;
    this.#pool = pool;
    if (isOther) this.#forget();
    else if (this.#isHeld()) return;
    const { recent } = pool.traffic;
    if (recent.length === 0) {
      this.#rows.clear();
      fillSentence(this.#place, "No requests yet.");
      return;
    }
    const names = new Map(pool.endpoints.map(({ key, name }) => [key, name]));
    const body = tableBody(this.#place, [...HEAD, ...TOKENS], WORDS);
    const ids = new Set(recent.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    recent.forEach((one, index) => {
      let row = this.#rows.get(one.id);
      if (row === undefined) {
        row = this.#makeRow(one, names);
        this.#rows.set(one.id, row);
      }
      if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
    });
  }

  #isHeld(): boolean {
    if (this.#rows.size === 0) return false;
    return this.#hold.getAttribute("aria-pressed") === "true" || this.#place.matches(":hover, :focus-within");
  }

  #forget(): void {
    this.#rows.clear();
    this.#place.replaceChildren();
    this.#chosen = undefined;
    setHidden(byId("request"), true);
  }

  #makeRow(one: RecentRequest, names: ReadonlyMap<string, string>): HTMLTableRowElement {
    const servedBy = serverOf(one, names);
    const row = make("tr");
    fillRow(row, texts(one, servedBy), WORDS);
    const button = make("button", "why");
    button.type = "button";
    button.ariaLabel = `why ${servedBy}, request of ${clockTime(one.at)}`;
    button.setAttribute("aria-controls", "request");
    button.ariaPressed = String(one.id === this.#chosen);
    button.addEventListener("click", () => void this.#choose(one, servedBy));
    row.cells[WHY_COLUMN]!.replaceChildren(button);
    return row;
  }

  async #choose(one: RecentRequest, servedBy: string): Promise<void> {
    this.#chosen = one.id;
    for (const [id, row] of this.#rows) {
      setAttribute(row.querySelector("button")!, "aria-pressed", String(id === one.id));
    }
    const pool = this.#pool!;
    setHidden(byId("request"), false);
    const did = one.endpoint === undefined ? "answered" : "got";
    setText(byId("request-title"), `Why ${servedBy} ${did} the request of ${clockTime(one.at)}`);
    setText(this.#sentence, "Asking the filter …");
    const answer = await askRequest(pool.name, one.id);
    if (this.#chosen !== one.id) return;
    const served = pool.endpoints.find(({ key }) => key === one.endpoint)?.address;
    const byAddress = new Map(pool.endpoints.map(({ address, name }) => [address, name]));
    setText(this.#sentence, typeof answer === "string" ? answer : sentence(one, answer, served, servedBy));
    this.#why.replaceChildren();
    setText(byId("request-caveat"), typeof answer === "string" ? "" : caveat(one, answer, served));
    if (typeof answer === "string") return;
    const marks = new Map(served === undefined ? [] : [[served, "→"]]);
    showWhy(this.#why, answer, marks, (address) => byAddress.get(address) ?? address);
    byId("request").scrollIntoView({ block: "nearest" });
  }
}
