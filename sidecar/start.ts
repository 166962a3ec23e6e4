/** The sidecar cannot start. */
export class StartRefused extends Error {
  /** Every reason that was found, each with a message for people. */
  readonly reasons: readonly Error[];

  constructor(reasons: readonly Error[]) {
    super(reasons.map((reason) => reason.message).join("\n"));
    this.name = "StartRefused";
    this.reasons = reasons;
  }
}

/** What has been started, and what went wrong; one start tries everything, so that it tells all that is wrong. */
export class Start {
  readonly failures: Error[] = [];
  readonly #stops: (() => Promise<void> | void)[] = [];

  /** The opened thing, or undefined and a failure more. */
  async attempt<T>(open: () => Promise<T> | T): Promise<T | undefined> {
    try {
      return await open();
    } catch (error) {
      this.failures.push(error as Error);
      return undefined;
    }
  }

  /** Likewise; what is opened is stopped in its turn. */
  async open<T extends { stop(): Promise<void> | void }>(open: () => Promise<T> | T): Promise<T | undefined> {
    const opened = await this.attempt(open);
    if (opened !== undefined) this.#stops.push(() => opened.stop());
    return opened;
  }

  /** Ends everything, newest first. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }
}
