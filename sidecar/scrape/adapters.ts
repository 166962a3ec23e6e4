// LoRA adapters, as vLLM's info metric lists them.

/**
 * Adapters kept of one endpoint, running ones first. 4,096 endpoints with as many each still fit a LOAD frame:
 * 4,096 x (40 + 120 x 8) + 72 bytes < MAX_FRAME_BYTES.
 */
export const MAX_ADAPTERS = 120;

const MAX_SLOTS = 0xffff;

/** Which adapters an endpoint holds. */
export interface Adapters {
  readonly running: readonly string[];
  readonly waiting: readonly string[];
  /** Adapter slots; 0 unknown. */
  readonly slots: number;
}

const NONE: readonly string[] = [];

const noAdapters: Adapters = { running: NONE, waiting: NONE, slots: 0 };

function names(list: string): readonly string[] {
  if (list === "") return NONE;
  return list
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/**
 * Keeps the newest of several series of an adapter info metric. The engine leaves one series standing for each
 * combination of adapters it ever had, told apart by their value, the time at which the combination began. Of equal
 * times the later line counts. Texts are asked for only where a series is newer than those before it.
 */
export class NewestAdapters {
  #time = Number.NEGATIVE_INFINITY;
  #running = "";
  #waiting = "";
  #slots = "";

  reset(): void {
    this.#time = Number.NEGATIVE_INFINITY;
    this.#running = "";
    this.#waiting = "";
    this.#slots = "";
  }

  /** One series: its value and how to get the texts of its labels. */
  add(time: number, text: (label: "running" | "waiting" | "slots") => string): void {
    if (!(time >= this.#time)) return;
    this.#time = time;
    this.#running = text("running");
    this.#waiting = text("waiting");
    this.#slots = text("slots");
  }

  /** What the newest series says; no adapters and no slots where there was none. */
  read(): Adapters {
    if (this.#time === Number.NEGATIVE_INFINITY) return noAdapters;
    const running = names(this.#running).slice(0, MAX_ADAPTERS);
    const waiting = names(this.#waiting).slice(0, MAX_ADAPTERS - running.length);
    const slots = /^\d+$/.test(this.#slots) ? Math.min(Number(this.#slots), MAX_SLOTS) : 0;
    return { running, waiting, slots };
  }
}
