import { readFile } from "node:fs/promises";
import { FileWatch, type WatchOptions } from "../support/watch-file.ts";
import { type EndpointFile, EndpointFileError, parseEndpointFile } from "./endpoint-file.ts";
import type { DiscoveredPool, Discovery } from "./pool.ts";

export interface FileDiscoveryOptions extends WatchOptions {
  /** Path of the endpoint file. */
  readonly file: string;
  /** Gets each version of the file that can be used, after the listener. */
  readonly onApplied?: (file: EndpointFile) => void;
  /** Gets what is wrong with a new version of the file, which is refused; the last good one stays. */
  readonly onRefused?: (error: EndpointFileError) => void;
}

/** Reads pools from an endpoint file, again whenever it changes. */
export class FileDiscovery implements Discovery {
  readonly #file: string;
  readonly #onApplied: (file: EndpointFile) => void;
  readonly #onRefused: (error: EndpointFileError) => void;
  readonly #watchOptions: WatchOptions;
  #watch: FileWatch | undefined;
  #stopped = false;

  constructor(options: FileDiscoveryOptions) {
    this.#file = options.file;
    this.#onApplied = options.onApplied ?? (() => undefined);
    this.#onRefused = options.onRefused ?? (() => undefined);
    this.#watchOptions = options;
  }

  /** Rejects with EndpointFileError where the file cannot be read or is refused. */
  async start(listener: (pools: readonly DiscoveredPool[]) => void): Promise<void> {
    const watch = new FileWatch(this.#file, () => this.#reload(listener), this.#watchOptions);
    this.#watch = watch;
    await watch.open();
    try {
      this.#apply(await this.#read(), listener);
    } catch (error) {
      watch.close();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#watch?.close();
  }

  async #reload(listener: (pools: readonly DiscoveredPool[]) => void): Promise<void> {
    let file: EndpointFile;
    try {
      file = await this.#read();
    } catch (error) {
      if (!(error instanceof EndpointFileError)) throw error;
      if (!this.#stopped) this.#onRefused(error);
      return;
    }
    this.#apply(file, listener);
  }

  #apply(file: EndpointFile, listener: (pools: readonly DiscoveredPool[]) => void): void {
    if (this.#stopped) return;
    listener(file.pools);
    this.#onApplied(file);
  }

  async #read(): Promise<EndpointFile> {
    let text: string;
    try {
      text = await readFile(this.#file, "utf8");
    } catch (error) {
      throw new EndpointFileError([(error as Error).message], this.#file);
    }
    try {
      return parseEndpointFile(text);
    } catch (error) {
      if (!(error instanceof EndpointFileError)) throw error;
      throw new EndpointFileError(error.problems, this.#file);
    }
  }
}
