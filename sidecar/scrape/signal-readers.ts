import type { MetricsOf } from "./engines.ts";
import { SignalReader } from "./signals.ts";

/**
 * Lends readers to those in the middle of an answer: they are a hundred at a time at most where thousands of endpoints
 * are scraped.
 */
export class SignalReaders {
  readonly #metricsOf: MetricsOf | undefined;
  /** By engine, those that nobody has. */
  readonly #idle = new Map<number, SignalReader[]>();

  /** @param metricsOf what engines call their metrics; engineMetrics where left out. */
  constructor(metricsOf?: MetricsOf) {
    this.#metricsOf = metricsOf;
  }

  /**
   * A reader that is to be begun with, and given back.
   * @throws RangeError where the engine is none of the ENGINE_ constants.
   */
  take(engine: number): SignalReader {
    return this.#idle.get(engine)?.pop() ?? new SignalReader(engine, this.#metricsOf);
  }

  /** Of the engine that it was taken for. */
  give(engine: number, reader: SignalReader): void {
    const idle = this.#idle.get(engine);
    if (idle === undefined) this.#idle.set(engine, [reader]);
    else idle.push(reader);
  }
}
