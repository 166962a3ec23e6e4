import { Client, type ClientDuplexStream, credentials, type StatusObject } from "@grpc/grpc-js";
import { stateService } from "../../../sidecar/push/service.ts";
import { decodeUp, type UpFrame } from "../../../wire/decode.ts";
import { encodeAck, encodeFlight, encodeHello, encodeJournal, encodeWant } from "../../../wire/encode.ts";
import * as L from "../../../wire/layout.ts";
import type { Ack, JournalRecord } from "../../../wire/model.ts";
import { xxh64 } from "../../../wire/xxh64.ts";

const KINDS = new Map([
  [L.KIND_ROSTER, "roster"],
  [L.KIND_LOAD, "load"],
  [L.KIND_PLAN, "plan"],
  [L.KIND_POLICY, "policy"],
  [L.KIND_SYNC, "sync"],
  [L.KIND_GONE, "gone"],
  [L.KIND_BEAT, "beat"],
  [L.KIND_FLIGHT, "flight"],
  [L.KIND_JOURNAL, "journal"],
]);

/** What a test wants to know of a frame. */
export interface Seen {
  readonly kind: string;
  /** Hash of the pool's name. */
  readonly pool: bigint;
  readonly epoch: bigint;
  readonly bytes: Buffer;
}

function seen(bytes: Buffer): Seen {
  return {
    kind: KINDS.get(bytes.readUInt16LE(L.HEADER_KIND)) ?? "unknown",
    pool: bytes.readBigUInt64LE(L.HEADER_POOL),
    epoch: bytes.readBigUInt64LE(L.HEADER_EPOCH),
    bytes,
  };
}

/** The sequence number of a LOAD. */
export function sequenceOf(frame: Seen): bigint {
  return frame.bytes.readBigUInt64LE(L.LOAD_SEQUENCE);
}

/** Queued requests of an endpoint in a LOAD. */
export function waitingOf(frame: Seen, index: number): number {
  return frame.bytes.readUInt32LE(L.LOAD_BYTES + index * L.SAMPLE_BYTES + L.SAMPLE_WAITING);
}

/** The pool's hash, as headers hold it. */
export function poolKey(pool: string): bigint {
  return xxh64(pool);
}

/** A gateway as far as the push server can tell: a real gRPC client that keeps every frame. */
export class TestGateway {
  /** All but the POLICYs, which tests of other things need not count. */
  readonly frames: Seen[] = [];
  /** The POLICYs, each with the number of other frames that came before it. */
  readonly policies: (Seen & { readonly after: number })[] = [];
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  /** The server has taken the stream. */
  readonly opened: Promise<unknown>;
  readonly status: Promise<StatusObject>;
  readonly #client: Client;
  #number = 7n;
  #wake: () => void = () => {};

  constructor(port: number) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const { path, requestSerialize, responseDeserialize } = stateService.Stream;
    this.call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.call.on("data", (bytes: Buffer) => {
      const frame = seen(bytes);
      if (frame.kind === "policy") this.policies.push({ ...frame, after: this.frames.length });
      else this.frames.push(frame);
      this.#wake();
    });
    // An error is the same news as a status that is not OK, and would end the process if nobody listened.
    this.call.on("error", () => {});
    this.opened = new Promise((resolve) => this.call.on("metadata", resolve));
    this.status = new Promise((resolve) => this.call.on("status", resolve));
  }

  hello(node = "test-node", gateway = 7n): void {
    this.#number = gateway;
    this.call.write(Buffer.from(encodeHello({ gateway, node })));
  }

  /** Says which pools it uses, by their names, and whether all others are wanted to begin with. */
  want(pools: readonly string[], all = false): void {
    this.call.write(Buffer.from(encodeWant({ all, pools: pools.map(poolKey) })));
  }

  /** Tells of requests in flight, with ten tokens each, all of them in prefill; by endpoint. */
  flight(requests: Readonly<Record<string, number>>, owner = this.#number): void {
    const entries = Object.entries(requests).map(([endpoint, count]) => {
      return { endpoint: BigInt(endpoint), requests: count, tokens: count * 10, prefill: count * 10 };
    });
    this.call.write(Buffer.from(encodeFlight({ owner, entries })));
  }

  /** Tells of records. */
  journal(records: readonly JournalRecord[], owner = this.#number): void {
    this.call.write(Buffer.from(encodeJournal({ owner, first: 0n, records })));
  }

  /** What the FLIGHTs so far have told: requests by endpoint. */
  get flights(): Record<string, number>[] {
    return this.#read("flight").map(({ flight }) => {
      for (const entry of flight.entries) {
        if (entry.tokens !== entry.requests * 10 || entry.prefill !== entry.tokens) throw new Error("other tokens");
      }
      return Object.fromEntries(flight.entries.map(({ endpoint, requests }) => [`${endpoint}`, requests]));
    });
  }

  /** The JOURNALs so far: their frames. */
  get journals(): Uint8Array[] {
    return this.#read("journal").map(({ bytes }) => bytes);
  }

  #read<K extends "flight" | "journal">(kind: K): Extract<UpFrame, { kind: K }>[] {
    const frames = this.frames.filter((frame) => frame.kind === kind).map(({ bytes }) => decodeUp(bytes));
    return frames.filter((frame): frame is Extract<UpFrame, { kind: K }> => frame.kind === kind);
  }

  ack(ack: Partial<Ack>): void {
    this.call.write(Buffer.from(encodeAck({ sequence: 0n, accepted: 0, refused: 0, reason: 0, ...ack })));
  }

  /** Kinds of all frames so far but the POLICYs. */
  get kinds(): string[] {
    return this.frames.map((frame) => frame.kind);
  }

  /** Resolves once that many frames are there; rejects when the stream ends before. */
  async received(count: number): Promise<Seen[]> {
    while (this.frames.length < count) {
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
        this.status.then((status) => {
          throw new Error(`stream ended with ${status.code} ${status.details} after ${this.kinds.join(" ")}`);
        }),
      ]);
    }
    return this.frames;
  }

  close(): void {
    this.call.cancel();
    this.#client.close();
  }
}

const PATIENCE_MS = 30_000;

/** Resolves once the condition holds; rejects when it never does. */
export async function eventually(condition: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`still not so: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
