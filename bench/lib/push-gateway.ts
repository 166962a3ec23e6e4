// A gateway in a process of its own, as far as the push can tell: it says HELLO and WANT, reads, and confirms.

import { type ChildProcess, fork } from "node:child_process";
import { Client, credentials } from "@grpc/grpc-js";
import { stateService } from "../../sidecar/push/service.ts";
import { encodeAck, encodeHello, encodeWant } from "../../wire/encode.ts";
import * as L from "../../wire/layout.ts";
import { xxh64 } from "../../wire/xxh64.ts";

/** What a gateway is to do. */
interface Orders {
  readonly port: number;
  readonly pools: readonly string[];
  readonly all: boolean;
}

/** What it has seen. */
interface FirstState {
  /** Milliseconds from writing HELLO and WANT to SYNC. */
  readonly milliseconds: number;
  readonly bytes: number;
}

const ACK_MS = 10;

function connect({ port, pools, all }: Orders): void {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = stateService.Stream;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  call.on("error", () => {});
  call.on("metadata", () => {
    const start = performance.now();
    let bytes = 0;
    let sequence = 0n;
    let accepted = 0;
    call.on("data", (frame: Buffer) => {
      accepted++;
      bytes += frame.length;
      const kind = frame.readUInt16LE(L.HEADER_KIND);
      if (kind === L.KIND_LOAD) sequence = frame.readBigUInt64LE(L.LOAD_SEQUENCE);
      if (kind === L.KIND_SYNC) process.send?.({ milliseconds: performance.now() - start, bytes } satisfies FirstState);
    });
    setInterval(() => call.write(Buffer.from(encodeAck({ sequence, accepted, refused: 0, reason: 0 }))), ACK_MS);
    call.write(Buffer.from(encodeHello({ gateway: BigInt(process.pid), node: "bench" })));
    call.write(Buffer.from(encodeWant({ all, pools: pools.map((pool) => xxh64(pool)) })));
  });
}

if (process.send && process.argv[2] === "push-gateway") process.once("message", (orders: Orders) => connect(orders));

/** A connected gateway. */
export interface PushGateway {
  readonly first: FirstState;
  stop(): Promise<void>;
}

/** Starts a gateway that wants these pools in full, and all others to begin with where told; resolves at its SYNC. */
export async function startPushGateway(port: number, pools: readonly string[], all = false): Promise<PushGateway> {
  const child: ChildProcess = fork(import.meta.filename, ["push-gateway"], { serialization: "advanced" });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const first = new Promise<FirstState>((resolve, reject) => {
    child.once("message", (message) => resolve(message as FirstState));
    child.once("exit", (code) => reject(new Error(`the gateway ended with code ${code}`)));
  });
  child.send({ port, pools, all } satisfies Orders);
  return {
    first: await first,
    async stop() {
      child.kill();
      await exited;
    },
  };
}
