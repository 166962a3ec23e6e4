// Requests with real bodies and their answers, step by step.

import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import type { FilterVm } from "../../sidecar/wasm-host/vm.ts";
import type { PlanSettings } from "../../wire/model.ts";
import { configuration, endpoints, FakePool, samples } from "./pools.ts";
import { CHAT, POST, picksOf } from "./requests.ts";
import { Rig } from "./rig.ts";
import type { profile } from "./steps.ts";

/** Bytes of a prompt block of the plans here: 64 tokens of four bytes. */
export const BLOCK = 256;

/** A root at work in one VM. */
export type Worker = { readonly vm: FilterVm; readonly root: number };

export const EXPLAIN: readonly [string, string] = ["x-explain", "100"];

/** A process of so many workers that serve `count` idle endpoints by a plan. */
export function serving(
  count: number,
  profiles: ReturnType<typeof profile>[],
  {
    settings = {},
    workers = 1,
    fields = {},
    list = endpoints(count),
  }: {
    settings?: Partial<PlanSettings>;
    workers?: number;
    fields?: Record<string, unknown>;
    list?: ReturnType<typeof endpoints>;
  } = {},
) {
  const rig = new Rig();
  const all = Array.from({ length: workers }, (): Worker => {
    const vm = rig.vm();
    return { vm, root: vm.createRoot(configuration({ explainHeader: "x-explain", ...fields })) };
  });
  rig.pass(200);
  const pool = new FakePool();
  const [roster, , load, sync] = pool.start(list, samples(list.length)) as [Uint8Array, ...Uint8Array[]];
  rig.stream.message(roster, pool.plan(profiles, settings), load!, sync!);
  for (const worker of all) warm(worker);
  return { rig, pool, all, worker: all[0]! };
}

/** Lets a worker read its frames: a request without a body, of which nothing stays. */
export function warm({ vm, root }: Worker): void {
  const stream = vm.createStream(root);
  stream.onRequestHeaders(POST, true);
  stream.close();
}

export function bytesOf(body: unknown): Uint8Array {
  return new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
}

/** A text of so many blocks, its own for each name. Its last byte is left to the zero byte that ends a string. */
export function text(name: string, blocks: number): string {
  const unit = `${name} says `;
  return unit.repeat(Math.ceil((blocks * BLOCK) / unit.length)).slice(0, blocks * BLOCK - 1);
}

/** A completion of a prompt, by the base model. */
export function completion(prompt: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { model: "base", prompt, ...fields };
}

/** A request whose body has passed: a chat completion where it names a model. */
export function ask(
  { vm, root }: Worker,
  body: unknown,
  ...headers: readonly (readonly [string, string])[]
): FilterStream {
  const stream = vm.createStream(root);
  const names = typeof body === "object" && body !== null && "model" in body;
  stream.onRequestHeaders([...(names ? CHAT : POST), ...headers], false);
  stream.onRequestBody(bytesOf(body), true);
  return stream;
}

/** The first of a stream's picks; fails the test where there is none. */
export function pickOf(stream: FilterStream): string {
  const [first] = picksOf(stream);
  if (first === undefined) throw new Error("nothing was picked");
  return first;
}

/** An endpoint answers, the picked one where no other is named, with a whole body. */
export function answer(stream: FilterStream, body: unknown = "{}", upstream = pickOf(stream)): FilterStream {
  stream.onResponseHeaders(upstream);
  stream.onResponseBody(bytesOf(body), true);
  return stream;
}

/** A request, its answer, and its end. Returns who was picked. */
export function exchange(worker: Worker, body: unknown, ...headers: readonly (readonly [string, string])[]): string {
  const stream = ask(worker, body, ...headers);
  const picked = pickOf(stream);
  answer(stream).close();
  return picked;
}

/** A request that is explained and never reaches anyone; nothing stays of it. */
export function explained(
  worker: Worker,
  body: unknown,
  ...headers: readonly (readonly [string, string])[]
): FilterStream {
  const stream = ask(worker, body, EXPLAIN, ...headers);
  stream.onResponseHeaders(undefined);
  stream.close();
  return stream;
}
