import { createRandom } from "../../simulator/random.ts";
import type { VirtualClock } from "../../simulator/virtual-clock.ts";
import type { Environment, GrpcTransport } from "../wasm-host/environment.ts";
import { FilterMetrics } from "../wasm-host/metrics.ts";
import { SharedData } from "../wasm-host/shared-data.ts";
import type { FilterStream } from "../wasm-host/stream.ts";
import { FilterVm } from "../wasm-host/vm.ts";

/** The filter's tick, in milliseconds. */
export const TICK_MS = 10;
/** Milliseconds that a frame takes to the filter once its stream is open. */
const NETWORK_MS = 1;
/** The call in which workers tell what became of requests. */
const OBSERVE = "/inlineepp.v1.State/Observe";
/** A process's clock has run for a while when a gateway starts in it. */
const CLOCK_ZERO_NS = 3_600_000_000_000n;

/** What a gateway needs of the run. */
export interface GatewayOptions {
  readonly clock: VirtualClock;
  readonly module: WebAssembly.Module;
  /** VMs, as worker threads have them. */
  readonly workers: number;
  /** The filter's plugin configuration, JSON. */
  readonly configuration: string;
  readonly seed: number;
  active(): boolean;
  /** What a sidecar says first on a new stream. */
  greeting(): readonly Uint8Array[];
  /** Takes the frames in which workers tell what became of requests; left out: nobody answers these calls. */
  observed?(frame: Uint8Array): void;
  /** Hears of what the filter logs as a warning or worse. */
  warn(message: string): void;
}

type Peer = Parameters<GrpcTransport["open"]>[2];

/**
 * A gateway's process: the filter in several VMs that share data and ticks of 10 ms, the workers' ticks spread evenly,
 * and the stream to a sidecar. Time is the virtual clock's, chance the seed's.
 */
export class Gateway {
  readonly #clock: VirtualClock;
  /** What the filter counts, summed over the workers. */
  readonly metrics = new FilterMetrics();
  readonly #workers: readonly { readonly vm: FilterVm; readonly root: number }[];
  /** The ends of open streams to which the sidecar's frames go. */
  readonly #peers = new Set<Peer>();
  readonly #active: () => boolean;
  #next = 0;

  constructor(options: GatewayOptions) {
    const { clock, module, workers, configuration, active } = options;
    this.#clock = clock;
    this.#active = active;
    const environment = this.#environment(options);
    this.#workers = Array.from({ length: workers }, () => {
      const vm = new FilterVm(module, environment, this.metrics);
      return { vm, root: vm.createRoot(configuration) };
    });
    this.#workers.forEach(({ vm }, index) => {
      clock.at(clock.now() + (TICK_MS * (index + 1)) / workers, () => this.#tick(vm));
    });
  }

  /** The sidecar sends a frame. */
  push(frame: Uint8Array): void {
    for (const peer of this.#peers) peer.message(frame);
  }

  /** Begins a request on the next worker. */
  begin(): FilterStream {
    const { vm, root } = this.#workers[this.#next]!;
    this.#next = (this.#next + 1) % this.#workers.length;
    return vm.createStream(root);
  }

  #tick(vm: FilterVm): void {
    if (!this.#active()) return;
    vm.tick();
    this.#clock.at(this.#clock.now() + TICK_MS, () => this.#tick(vm));
  }

  #environment({ clock, seed, greeting, observed, warn }: GatewayOptions): Environment {
    const draw = createRandom(seed);
    return {
      shared: new SharedData(),
      post: (task) => clock.at(clock.now(), task),
      grpc: {
        open: (_service, _path, peer) => {
          clock.at(clock.now() + NETWORK_MS, () => {
            this.#peers.add(peer);
            for (const frame of greeting()) peer.message(frame);
          });
          return { send: () => {}, cancel: () => this.#peers.delete(peer) };
        },
        call: (_service, path, frame, done) => {
          if (observed === undefined || path !== OBSERVE) return false;
          observed(frame);
          clock.at(clock.now() + NETWORK_MS, () => done(new Uint8Array()));
          return true;
        },
      },
      now: () => CLOCK_ZERO_NS + BigInt(Math.round(clock.now() * 1e6)),
      random: (bytes) => {
        for (let i = 0; i < bytes.length; i++) bytes[i] = Math.floor(draw() * 256);
      },
      log: (level, message) => {
        if (level === "warn" || level === "error" || level === "critical") warn(message);
      },
      property: (path) => (path === "xds\0node\0id" ? "simulated" : undefined),
    };
  }
}
