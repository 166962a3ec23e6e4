// Who the sidecar is to an API server, and the connections that this allows.

import { createHash } from "node:crypto";
import type { AgentOptions, RequestOptions } from "node:https";
import type { DispatcherOptions, KubeConfig } from "@kubernetes/client-node/dist/config.js";
import { Agent, type buildConnector, type Dispatcher, ProxyAgent } from "undici";
import { ConnectionError } from "./errors.ts";

/** Milliseconds. A kernel then asks a silent peer every second, and gives the connection up after ten. */
const KEEP_ALIVE_AFTER = 30_000;
const CONNECT_TIMEOUT = 10_000;

/** What one request is sent with. */
export interface Pass {
  readonly headers: Record<string, string>;
  readonly dispatcher: Dispatcher;
  /** How often credentials had been read anew. */
  readonly generation: number;
}

/** What KubeConfig calls back; it only ever sets headers and a dispatcher. */
type SecurityContext = Parameters<KubeConfig["applySecurityAuthentication"]>[0];

/** Only KubeConfig can make one for SOCKS. */
async function socksDispatcher(config: KubeConfig): Promise<Dispatcher> {
  let made: Dispatcher | undefined;
  const context = {
    setHeaderParam: () => undefined,
    setDispatcher: (dispatcher: Dispatcher) => {
      made = dispatcher;
    },
  };
  await config.applySecurityAuthentication(context as unknown as SecurityContext);
  return made!;
}

function makeDispatcher(options: DispatcherOptions, config: KubeConfig): Dispatcher | Promise<Dispatcher> {
  // HTTP/1.1: each watch has a connection to itself, and what breaks one breaks no other.
  const common = { allowH2: false, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_AFTER, timeout: CONNECT_TIMEOUT };
  const own = (options: object): buildConnector.BuildOptions => ({ ...options, ...common });
  switch (options.type) {
    case "none":
      return new Agent({ allowH2: false, connect: own({}) });
    case "agent":
      return new Agent({ allowH2: false, connect: own(options.connect) });
    case "proxy":
      return new ProxyAgent({
        uri: options.uri,
        allowH2: false,
        requestTls: own(options.requestTls),
        connect: own(options.connect),
      });
    case "socks":
      return socksDispatcher(config);
  }
}

/** A configuration's credentials as they are now, with one dispatcher for as long as its TLS material stays the same. */
export class Credentials {
  readonly #load: () => KubeConfig;
  #config: KubeConfig;
  #generation = 0;
  /** What the dispatcher was made of. */
  #material = "";
  #dispatcher: Promise<Dispatcher> | undefined;
  readonly #closing = new Set<Promise<void>>();
  /** What `take` is at. */
  #taking: Promise<Pass> | undefined;

  /** @param load reads the configuration anew. */
  constructor(load: () => KubeConfig) {
    this.#load = load;
    this.#config = load();
  }

  /** URL of the API server, without a slash at its end. */
  get server(): string {
    return this.#config.getCurrentCluster()!.server;
  }

  /** The namespace that the configuration names, in a pod its own; else `default`. */
  get namespace(): string {
    return this.#config.getContextObject(this.#config.getCurrentContext())?.namespace?.trim() || "default";
  }

  /**
   * For each request: files of certificates are read, those of tokens at least every minute, plugins run when their
   * token has expired; once for requests that come together. A plugin may take for ever.
   * @throws ConnectionError where that fails.
   */
  take(): Promise<Pass> {
    if (this.#taking !== undefined) return this.#taking;
    const taking = this.#takeNow().finally(() => {
      if (this.#taking === taking) this.#taking = undefined;
    });
    this.#taking = taking;
    return taking;
  }

  async #takeNow(): Promise<Pass> {
    const config = this.#config;
    const generation = this.#generation;
    const options: RequestOptions = {};
    let dispatcher: Dispatcher;
    try {
      await config.applyToHTTPSOptions(options);
      dispatcher = await this.#dispatcherFor(config, options);
    } catch (error) {
      throw new ConnectionError("credentials", `no credentials: ${(error as Error).message.trim()}`);
    }
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {}))
      headers[name.toLowerCase()] = String(value).trim();
    if (options.auth) headers.authorization = `Basic ${Buffer.from(options.auth).toString("base64")}`;
    return { headers, dispatcher, generation };
  }

  /**
   * Forgets everything that has been read, since an API server did not accept it.
   * @param generation of what was not accepted; where others have done this since, nothing is to be done.
   */
  renew(generation: number): void {
    if (generation !== this.#generation) return;
    try {
      this.#config = this.#load();
      this.#generation++;
      this.#taking = undefined;
    } catch (error) {
      throw new ConnectionError("credentials", (error as Error).message);
    }
  }

  /** Resolves when no connection is left. */
  async close(): Promise<void> {
    const dispatcher = await this.#dispatcher?.catch(() => undefined);
    this.#dispatcher = undefined;
    await dispatcher?.destroy();
    await Promise.all(this.#closing);
  }

  #dispatcherFor(config: KubeConfig, { ca, cert, key, pfx, passphrase, ...rest }: RequestOptions): Promise<Dispatcher> {
    const { rejectUnauthorized, servername } = rest;
    const given = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
    const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as AgentOptions;
    const cluster = config.getCurrentCluster();
    const options = config.createDispatcherOptions(cluster, set);
    const material = createHash("sha256").update(JSON.stringify(options)).digest("hex");
    if (this.#dispatcher !== undefined && material === this.#material) return this.#dispatcher;
    const made = Promise.resolve(makeDispatcher(options, config));
    // One that could not be made is no reason not to try again.
    made.catch(() => {
      if (this.#dispatcher === made) this.#dispatcher = undefined;
    });
    this.#retire(this.#dispatcher);
    this.#material = material;
    this.#dispatcher = made;
    return made;
  }

  /** Lets what is under way end; a watch does so within minutes. */
  #retire(old: Promise<Dispatcher> | undefined): void {
    if (old === undefined) return;
    const closing = old.then(
      (dispatcher) => dispatcher.close(),
      () => undefined,
    );
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }
}
