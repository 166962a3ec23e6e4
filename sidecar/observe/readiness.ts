/** What has to be true before the sidecar is of use, and which of it is. */
export class Readiness {
  readonly #missing: Set<string>;
  readonly #listeners = new Set<() => void>();

  /** @param conditions names that a person reading a failed probe understands; all begin as missing. */
  constructor(conditions: readonly string[]) {
    this.#missing = new Set(conditions);
  }

  /** Conditions not yet met, in the order in which they were given. */
  get missing(): readonly string[] {
    return [...this.#missing];
  }

  get ready(): boolean {
    return this.#missing.size === 0;
  }

  /** A condition is met. */
  met(condition: string): void {
    if (this.#missing.delete(condition)) this.#tell();
  }

  /** A condition no longer holds. */
  lost(condition: string): void {
    if (this.#missing.has(condition)) return;
    this.#missing.add(condition);
    this.#tell();
  }

  /** Calls back after each change; returns the call that ends the subscription. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
