// The compiled module under the TypeScript host, with a clock, a network and a sidecar that tests hold in their hands.

import { readFileSync } from "node:fs";
import { FilterMetrics } from "../../sidecar/wasm-host/metrics.ts";
import { SharedData, type SharedValue } from "../../sidecar/wasm-host/shared-data.ts";
import { FilterVm } from "../../sidecar/wasm-host/vm.ts";
import { decodeUp, type UpFrame } from "../../wire/decode.ts";
import { WIRE_VERSION } from "../../wire/layout.ts";
import type { Ack, Flight, Hello, Want } from "../../wire/model.ts";

const module = new WebAssembly.Module(readFileSync(new URL("../../build/filter.wasm", import.meta.url)));

/** Shared data in which a test may act between two of the filter's reads, as another thread would. */
export class WatchedSharedData extends SharedData {
  /** Runs before each read; the key is binary, one character per byte. */
  beforeGet: ((key: string) => void) | undefined;

  override get(key: string): SharedValue | undefined {
    this.beforeGet?.(key);
    return super.get(key);
  }
}

/** One stream that the filter has opened. */
export class OpenStream {
  readonly service: Uint8Array;
  readonly path: string;
  /** When it was opened, in the rig's time. */
  readonly openedAt: bigint;
  /** Frames that the filter has sent. */
  readonly sent: Uint8Array[] = [];
  /** Whether the filter has cancelled it, which lets the host free it. */
  cancelled = false;
  readonly #peer: { message(bytes: Uint8Array): void; close(status: number): void };
  #ended = false;

  constructor(
    service: Uint8Array,
    path: string,
    openedAt: bigint,
    peer: { message(bytes: Uint8Array): void; close(status: number): void },
  ) {
    this.service = service;
    this.path = path;
    this.openedAt = openedAt;
    this.#peer = peer;
  }

  /** Whether frames still pass. */
  get open(): boolean {
    return !this.cancelled && !this.#ended;
  }

  /** The sidecar sends frames. */
  message(...frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.#peer.message(frame);
  }

  /** The sidecar, or the network, ends the stream. */
  close(status = 14): void {
    this.#ended = true;
    this.#peer.close(status);
  }

  /** The first frame that the filter sent. */
  get hello(): Hello {
    const frame = decodeUp(this.sent[0] ?? new Uint8Array());
    if (frame.kind !== "hello") throw new Error(`the first frame is ${frame.kind}`);
    return frame.hello;
  }

  /** The last ACK that the filter sent; undefined where it has sent none. */
  get ack(): Ack | undefined {
    return this.#sent("ack").at(-1)?.ack;
  }

  /** WANTs that the filter sent. */
  get wants(): Want[] {
    return this.#sent("want").map(({ want }) => want);
  }

  /** FLIGHTs that the filter sent. */
  get flights(): Flight[] {
    return this.#sent("flight").map(({ flight }) => flight);
  }

  /** JOURNALs that the filter sent. */
  get journals(): Uint8Array[] {
    return this.#sent("journal").map(({ bytes }) => bytes);
  }

  #sent<K extends UpFrame["kind"]>(kind: K): Extract<UpFrame, { kind: K }>[] {
    const frames = this.sent.map((bytes) => decodeUp(bytes));
    return frames.filter((frame): frame is Extract<UpFrame, { kind: K }> => frame.kind === kind);
  }
}

/** One unary call that the filter has made; `done` answers it, with a response or a gRPC status. */
export interface MadeCall {
  readonly path: string;
  readonly message: Uint8Array;
  readonly done: (response: Uint8Array | number) => void;
}

/** A process with one shared-data map and any number of VMs. */
export class Rig {
  readonly shared = new WatchedSharedData();
  readonly metrics = new FilterMetrics();
  readonly log: string[] = [];
  readonly streams: OpenStream[] = [];
  readonly calls: MadeCall[] = [];
  /** Microseconds of the process's clock. */
  now = 3_600_000_000n;
  /** Microseconds since 1970 when that clock was at 0. */
  wallEpoch = 1_700_000_000_000_000n;
  /** Whether Envoy has the sidecar's cluster. */
  reachable = true;
  /** Streams that the filter tried to open. */
  attempts = 0;
  #seed = 1;
  readonly #posted: { vm: FilterVm; task: () => void }[] = [];
  readonly #module: WebAssembly.Module;
  readonly #vms: FilterVm[] = [];

  /** @param tried the filter, unless told. */
  constructor(tried = module) {
    this.#module = tried;
  }

  /** Starts one more worker. */
  vm(): FilterVm {
    const vm: FilterVm = new FilterVm(
      this.#module,
      {
        shared: this.shared,
        grpc: {
          open: (service, path, peer) => this.#open(service, path, peer),
          call: (_service, path, message, done) => {
            if (this.reachable) this.calls.push({ path, message, done });
            return this.reachable;
          },
        },
        now: () => this.now * 1000n,
        wallTime: () => (this.wallEpoch + this.now) * 1000n,
        random: (bytes) => {
          // Small and repeatable; the filter mixes it before use.
          for (let i = 0; i < bytes.length; i++) {
            this.#seed = (Math.imul(this.#seed, 1103515245) + 12345) >>> 0;
            bytes[i] = this.#seed >>> 16;
          }
        },
        post: (task) => this.#posted.push({ vm, task }),
        log: (level, message) => this.log.push(`${level} ${message}`),
        property: (path) => (path === "xds\0node\0id" ? "test-node" : undefined),
      },
      this.metrics,
    );
    this.#vms.push(vm);
    return vm;
  }

  /** Lets messages between the VMs arrive; those for a VM that stalls wait. */
  deliver(): void {
    const next = () => this.#posted.findIndex(({ vm }) => this.#vms.includes(vm));
    for (let index = next(); index >= 0; index = next()) this.#posted.splice(index, 1)[0]?.task();
  }

  /** Lets time pass in ticks of 10 ms, every VM ticking each time. */
  pass(milliseconds: number): void {
    for (let passed = 0; passed < milliseconds; passed += 10) {
      this.deliver();
      this.now += 10_000n;
      for (const vm of this.#vms) vm.tick();
      this.deliver();
    }
  }

  /** A VM's thread stalls: it does not tick until it is resumed. A VM that crashes never is. */
  stall(vm: FilterVm): void {
    this.#vms.splice(this.#vms.indexOf(vm), 1);
  }

  resume(vm: FilterVm): void {
    this.#vms.push(vm);
  }

  /** Streams that are open now. */
  get openStreams(): OpenStream[] {
    return this.streams.filter((stream) => stream.open);
  }

  /** The stream that is open now; fails the test where there is none. */
  get stream(): OpenStream {
    const open = this.openStreams.at(-1);
    if (!open) throw new Error(`no stream is open; the log: ${this.log.join("\n")}`);
    return open;
  }

  /** Lines of the log that match. */
  logged(pattern: RegExp): string[] {
    return this.log.filter((line) => pattern.test(line));
  }

  #open(
    service: Uint8Array,
    path: string,
    peer: { message(bytes: Uint8Array): void; close(status: number): void },
  ): { send(message: Uint8Array): void; cancel(): void } | undefined {
    this.attempts++;
    if (!this.reachable) return undefined;
    const stream = new OpenStream(service, path, this.now, peer);
    this.streams.push(stream);
    return {
      send: (message) => stream.sent.push(message),
      cancel: () => {
        stream.cancelled = true;
      },
    };
  }
}

/** A key of the filter's shared data. State keys are those of the sidecar that configuration() names. */
export const sharedKeys = {
  owners: `inline-epp/${WIRE_VERSION}/owners`,
  vectors: `inline-epp/${WIRE_VERSION}/flight/`,
  journals: `inline-epp/${WIRE_VERSION}/journal/`,
  state: (
    name: "epoch" | "directory" | "lease" | "uses" | "roster/" | "load/" | "plan/" | "remote" | "remote-journal",
  ) => `inline-epp/${WIRE_VERSION}/sidecar/inline-epp/${name}`,
};
