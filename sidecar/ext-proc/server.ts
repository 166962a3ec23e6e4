import { status } from "@grpc/grpc-js";
import { loadFilterModule } from "../filter/module.ts";
import type { GrpcCall } from "../grpc/call.ts";
import type { GrpcMethod } from "../grpc/server.ts";
import type { Log } from "../observe/log.ts";
import type { PushServer } from "../push/push-server.ts";
import type { Clock } from "../support/clock.ts";
import { FilterMetrics } from "../wasm-host/metrics.ts";
import { Exchange } from "./exchange.ts";
import { FilterMount } from "./mount.ts";
import type { ExtProcSettings } from "./settings.ts";

const PATH = "/envoy.service.ext_proc.v3.ExternalProcessor/Process";

/** What the server needs. */
export interface ExtProcOptions {
  readonly settings: ExtProcSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Serves state to the filter; asked for when the first request comes. */
  readonly push: () => Pick<PushServer, "attach" | "call">;
}

/**
 * Answers gateways that ask by ext_proc. The filter that decides runs from the first request on: who never sends one
 * pays nothing for it.
 */
export class ExtProcServer {
  /** What the filter counts: nothing before the first request. */
  readonly metrics = new FilterMetrics();
  readonly #options: ExtProcOptions;
  #mount: FilterMount | undefined;
  #mounting: Promise<FilterMount> | undefined;
  #streams = 0;
  #stopped = false;

  constructor(options: ExtProcOptions) {
    this.#options = options;
  }

  /** Streams that are open. */
  get streams(): number {
    return this.#streams;
  }

  /** envoy.service.ext_proc.v3.ExternalProcessor, as far as gRPC sees it. */
  get methods(): [path: string, method: GrpcMethod][] {
    const { mostBytes } = this.#options.settings;
    return [[PATH, { serve: (call) => this.#process(call), mostBytes, perRequest: true }]];
  }

  /** Ends the filter, after all streams have ended. */
  stop(): void {
    this.#stopped = true;
    this.#mount?.stop();
  }

  #process(call: GrpcCall): void {
    if (this.#mount !== undefined) {
      this.#exchange(call, this.#mount);
      return;
    }
    this.#mounting ??= this.#start();
    this.#mounting.then(
      (mount) => {
        if (!call.over) this.#exchange(call, mount);
      },
      (error: Error) => call.fail(status.UNAVAILABLE, error.message),
    );
  }

  #exchange(call: GrpcCall, mount: FilterMount): void {
    this.#streams++;
    new Exchange(
      call,
      () => mount.begin(),
      this.#options.settings,
      () => {
        this.#streams--;
      },
    );
  }

  async #start(): Promise<FilterMount> {
    const { clock, log, push } = this.#options;
    const began = clock.now();
    const mount = new FilterMount({ module: loadFilterModule(), metrics: this.metrics, push: push(), clock, log });
    await mount.start();
    if (this.#stopped) mount.stop();
    this.#mount = mount;
    log.info({ milliseconds: Math.round(clock.now() - began) }, "a gateway asks by ext_proc, the filter runs here");
    return mount;
  }
}
