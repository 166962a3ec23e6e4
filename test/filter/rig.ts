// The compiled module under the TypeScript host, with a clock, a network and a sidecar that tests hold in their hands.

import { readFileSync } from "node:fs";
import { FilterMetrics } from "../../sidecar/wasm-host/metrics.ts";
import { SharedData } from "../../sidecar/wasm-host/shared-data.ts";
import { FilterVm } from "../../sidecar/wasm-host/vm.ts";
import { encodeLoad, encodePlan, encodeRoster, encodeSync } from "../../wire/encode.ts";
import * as L from "../../wire/layout.ts";
import type { Endpoint, Plan, Sample } from "../../wire/model.ts";

const module = new WebAssembly.Module(readFileSync(new URL("../../build/filter.wasm", import.meta.url)));

/** One stream that the filter has opened. */
export interface OpenStream {
  readonly service: Uint8Array;
  readonly path: string;
  readonly sent: Uint8Array[];
  cancelled: boolean;
  message(frame: Uint8Array): void;
  close(status: number): void;
}

/** A process with one shared-data map and any number of VMs. */
export class Rig {
  readonly shared = new SharedData();
  readonly metrics = new FilterMetrics();
  readonly log: string[] = [];
  readonly streams: OpenStream[] = [];
  /** Microseconds. */
  now = 1_700_000_000_000_000n;
  /** Whether the sidecar's cluster can be reached. */
  reachable = true;
  #seed = 1;
  readonly #vms: FilterVm[] = [];

  /** Starts one more worker. */
  vm(): FilterVm {
    const vm = new FilterVm(
      module,
      {
        shared: this.shared,
        grpc: { open: (service, path, peer) => this.#open(service, path, peer) },
        now: () => this.now * 1000n,
        random: (bytes) => {
          // Small and repeatable; the filter mixes it before use.
          for (let i = 0; i < bytes.length; i++) {
            this.#seed = (Math.imul(this.#seed, 1103515245) + 12345) >>> 0;
            bytes[i] = this.#seed >>> 16;
          }
        },
        log: (level, message) => this.log.push(`${level} ${message}`),
        property: (path) => (path === "xds\0node\0id" ? "test-node" : undefined),
      },
      this.metrics,
    );
    this.#vms.push(vm);
    return vm;
  }

  /** Lets time pass in ticks of 10 ms, every VM ticking each time. */
  pass(milliseconds: number): void {
    for (let passed = 0; passed < milliseconds; passed += 10) {
      this.now += 10_000n;
      for (const vm of this.#vms) vm.tick();
    }
  }

  /** A VM crashes: it ticks no more. */
  kill(vm: FilterVm): void {
    this.#vms.splice(this.#vms.indexOf(vm), 1);
  }

  /** The stream that is open now; fails the test where there is none. */
  get stream(): OpenStream {
    const open = this.streams.findLast((stream) => !stream.cancelled);
    if (!open) throw new Error(`no stream is open; the log: ${this.log.join("\n")}`);
    return open;
  }

  #open(
    service: Uint8Array,
    path: string,
    peer: { message(bytes: Uint8Array): void; close(status: number): void },
  ): { send(message: Uint8Array): void; cancel(): void } | undefined {
    if (!this.reachable) return undefined;
    const stream: OpenStream = {
      service,
      path,
      sent: [],
      cancelled: false,
      message: (frame) => peer.message(frame),
      close: (status) => {
        stream.cancelled = true;
        peer.close(status);
      },
    };
    this.streams.push(stream);
    return {
      send: (message) => stream.sent.push(message),
      cancel: () => {
        stream.cancelled = true;
      },
    };
  }
}

/** A plugin configuration, with what a test wants different. */
export function configuration(fields: Record<string, unknown> = {}): string {
  return JSON.stringify({ stateCluster: "sidecar", pool: "default/base", ...fields });
}

/** An endpoint at 10.0.0.<number>:8000. */
export function endpoint(number: number, fields: Partial<Endpoint> = {}): Endpoint {
  return {
    address: `10.0.${number >> 8}.${number & 255}:8000`,
    name: `default/pod-${number}`,
    zone: "",
    labels: {},
    engine: L.ENGINE_VLLM,
    role: L.ROLE_ANY,
    rank: 0,
    ...fields,
  };
}

/** A fresh sample of an idle, ready endpoint. */
export function sample(fields: Partial<Sample> = {}): Sample {
  return {
    ready: true,
    age: 5,
    counter: 1,
    waiting: 0,
    running: 0,
    kvUsage: 0,
    blockSize: 16,
    blockCount: 1000,
    runningAdapters: [],
    waitingAdapters: [],
    maxAdapters: 0,
    ...fields,
  };
}

/** A plan of one profile: queue 2, KV cache 2, max-score-picker for three. */
export function plan(fields: Partial<Plan> = {}): Plan {
  return {
    pool: "default/base",
    epoch: 1n,
    profiles: [
      {
        name: "default",
        steps: [
          { stage: L.STAGE_SCORER, plugin: L.PLUGIN_QUEUE_SCORER, name: "queue", weight: 2, parameters: [] },
          {
            stage: L.STAGE_SCORER,
            plugin: L.PLUGIN_KV_CACHE_UTILIZATION_SCORER,
            name: "kv",
            weight: 2,
            parameters: [],
          },
          { stage: L.STAGE_PICKER, plugin: L.PLUGIN_MAX_SCORE_PICKER, name: "max", weight: 0, parameters: [3] },
        ],
      },
    ],
    ...fields,
  };
}

/** A sidecar's side of one pool: frames in their order, epochs and sequences kept. */
export class FakePool {
  readonly pool: string;
  #epoch = 0n;
  #sequence = 0n;

  constructor(pool = "default/base") {
    this.pool = pool;
  }

  roster(endpoints: readonly Endpoint[]): Uint8Array {
    this.#epoch++;
    return encodeRoster({ pool: this.pool, epoch: this.#epoch, endpoints });
  }

  load(samples: readonly Sample[]): Uint8Array {
    this.#sequence++;
    return encodeLoad({
      pool: this.pool,
      rosterEpoch: this.#epoch,
      sequence: this.#sequence,
      sentAt: 1n,
      freshFor: 2000,
      samples,
    });
  }

  plan(): Uint8Array {
    return encodePlan(plan({ pool: this.pool }));
  }

  /** Everything that a stream begins with. */
  start(endpoints: readonly Endpoint[], samples: readonly Sample[]): Uint8Array[] {
    return [this.roster(endpoints), this.plan(), this.load(samples), encodeSync()];
  }
}

/** One worker with a configured root and a pool of `count` idle endpoints. */
export function servingRig(count: number, fields: Record<string, unknown> = {}) {
  const rig = new Rig();
  const vm = rig.vm();
  const root = vm.createRoot(configuration(fields));
  rig.pass(200);
  const pool = new FakePool();
  const endpoints = Array.from({ length: count }, (_, index) => endpoint(index + 1));
  const frames = pool.start(
    endpoints,
    endpoints.map(() => sample()),
  );
  for (const frame of frames) rig.stream.message(frame);
  return { rig, vm, root, pool, endpoints };
}
