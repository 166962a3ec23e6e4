import { randomFillSync } from "node:crypto";
import type { Log } from "../observe/log.ts";
import type { PushServer } from "../push/push-server.ts";
import { type Clock, every } from "../support/clock.ts";
import type { LogLevel } from "../wasm-host/abi.ts";
import type { Environment } from "../wasm-host/environment.ts";
import type { FilterMetrics } from "../wasm-host/metrics.ts";
import { SharedData } from "../wasm-host/shared-data.ts";
import type { FilterStream } from "../wasm-host/stream.ts";
import { FilterVm } from "../wasm-host/vm.ts";
import { LocalStream } from "./local-stream.ts";

/** Milliseconds between the filter's ticks. */
const TICK_MS = 10;
/** Milliseconds for which a first request waits for state. It comes in less than 50. */
const SYNC_WITHIN_MS = 2000;

const CONFIGURATION = JSON.stringify({ stateCluster: "sidecar", hold: "buffer", subset: "metadata" });

/** What a mount is made of. */
export interface MountOptions {
  readonly module: WebAssembly.Module;
  /** For what the filter counts. */
  readonly metrics: FilterMetrics;
  readonly push: Pick<PushServer, "attach" | "call">;
  readonly clock: Clock;
  readonly log: Log;
}

/** The filter within this process: a gateway whose requests come by ext_proc. */
export class FilterMount {
  readonly #vm: FilterVm;
  readonly #root: number;
  readonly #clock: Clock;
  readonly #synced: Promise<void>;
  #stopTicks: () => void = () => undefined;

  constructor({ module, metrics, push, clock, log }: MountOptions) {
    this.#clock = clock;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#synced = promise;
    this.#vm = new FilterVm(module, environment(push, log, resolve), metrics);
    this.#root = this.#vm.createRoot(CONFIGURATION);
  }

  /** Resolves when the filter knows what the push has to tell; after a while in any case. */
  async start(): Promise<void> {
    this.#vm.tick();
    this.#stopTicks = every(this.#clock, TICK_MS, () => this.#vm.tick());
    const late = new Promise<void>((resolve) => this.#clock.after(SYNC_WITHIN_MS, resolve));
    await Promise.race([this.#synced, late]);
  }

  /** Begins a request. */
  begin(): FilterStream {
    return this.#vm.createStream(this.#root);
  }

  /** Ends the filter; requests must have ended. */
  stop(): void {
    this.#stopTicks();
    this.#vm.deleteRoot(this.#root);
  }
}

function environment(push: MountOptions["push"], log: Log, synced: () => void): Environment {
  return {
    shared: new SharedData(),
    grpc: {
      open(_service, _path, peer) {
        const stream = new LocalStream(peer, synced);
        queueMicrotask(() => push.attach(stream));
        return stream;
      },
      call(_service, path, message, done) {
        const answer = push.call(path, message);
        void answer?.then((reply) => done(reply instanceof Uint8Array ? reply : reply.code));
        return answer !== undefined;
      },
    },
    now: () => process.hrtime.bigint(),
    random: (bytes) => void randomFillSync(bytes),
    log: (level, message) => log[severity(level)]({}, message),
    property: (path) => (path === "xds\0node\0id" ? "ext_proc" : undefined),
  };
}

function severity(level: LogLevel): "debug" | "info" | "warn" | "error" {
  if (level === "critical") return "error";
  return level === "trace" ? "debug" : level;
}
