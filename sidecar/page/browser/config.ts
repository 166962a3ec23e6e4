// The configuration in force, and what is wrong with the one that is not.

import type { ConfigStanding } from "../config-standing.ts";
import { byId, make, setHidden, setText } from "./dom.ts";
import { clockTime } from "./format.ts";

/** The panel of the configuration. */
export class ConfigPanel {
  readonly #since = byId("config-since");
  /** Where nobody has to scroll to. */
  readonly #refused = byId("refused");
  readonly #problem = byId("config-problem");
  readonly #text = byId("config-text");
  /** Revision of the text that is shown or asked for. */
  #revision: number | undefined;

  constructor() {
    // Whoever scrolls by keyboard has to get there; not every browser lets them by itself.
    this.#text.tabIndex = 0;
  }

  /** Shows how it stands, and asks for its text where that may have changed. */
  show({ origin, since, revision, problems }: ConfigStanding): void {
    setText(this.#since, `In force since ${clockTime(since)}: ${origin}`);
    setHidden(this.#refused, problems.length === 0);
    setHidden(this.#problem, problems.length === 0);
    const list = this.#problem.querySelector("ul")!;
    if ([...list.children].map((item) => item.textContent).join("\n") !== problems.join("\n")) {
      list.replaceChildren(...problems.map((problem) => make("li", problem)));
    }
    if (revision !== this.#revision) void this.#ask(revision);
  }

  async #ask(revision: number): Promise<void> {
    this.#revision = revision;
    try {
      const answer = await fetch("/config.yaml");
      const text = await answer.text();
      if (!answer.ok) throw new Error(text);
      if (revision === this.#revision) setText(this.#text, text);
    } catch {
      if (revision === this.#revision) this.#revision = undefined; // with the next event it is asked for again
    }
  }
}
