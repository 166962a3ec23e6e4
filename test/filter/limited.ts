// Pools under rate limits.

import assert from "node:assert/strict";
import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import { decodeSpent } from "../../wire/decode-spent.ts";
import { encodeBudgets } from "../../wire/encode-spent.ts";
import type { Budget, PlanLimit, Spend } from "../../wire/model.ts";
import { ask, completion, pickOf, serving, type Worker } from "./exchanges.ts";
import type { MadeCall } from "./rig.ts";
import { picker, profile } from "./steps.ts";

export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;

/** A limit of each client's, by x-api-key, of what the fields say per minute. */
export function limit(fields: Partial<PlanLimit>): PlanLimit {
  const { per = MINUTE } = fields;
  const plain = { name: "clients", models: [], header: "x-api-key", perModel: true, requests: 0, tokens: 0 };
  return { ...plain, per, burst: per, ...fields };
}

/** A process of so many workers that serve one endpoint under limits. */
export function limited(limits: readonly PlanLimit[], workers = 1, fields: Record<string, unknown> = {}) {
  const { rig, pool, all, worker } = serving(1, [profile("default", picker())], {
    settings: { limits },
    workers,
    fields,
  });
  rig.pass(300);
  for (const call of rig.calls.splice(0)) call.done(new Uint8Array());
  const send = (key: string | undefined, body: object = completion("Hello"), by: Worker = worker): FilterStream =>
    ask(by, body, ...(key === undefined ? [] : [["x-api-key", key] as const]));
  return {
    rig,
    pool,
    all,
    worker,
    send,
    /** Whether a request of a client goes on; it ends unanswered in that case, and stays counted. */
    goes(key: string | undefined, body?: object, by?: Worker): boolean {
      const stream = send(key, body, by);
      const went = stream.localResponse === undefined;
      if (!went) assert.equal(stream.localResponse?.status, 429);
      stream.close();
      return went;
    },
    /** Calls under way that tell what was spent. */
    spendCalls: (): SpendCall[] =>
      rig.calls.filter(({ path }) => path === "/inlineepp.v1.State/Spend").map((call) => new SpendCall(call)),
    /** Ends calls of other kinds, and forgets those that are answered. */
    forgetCalls(): void {
      for (const call of rig.calls.splice(0)) if (call.path.endsWith("Observe")) call.done(new Uint8Array());
    },
  };
}

/** A call that tells what was spent. */
export class SpendCall {
  readonly rows: readonly Spend[];
  readonly #call: MadeCall;

  constructor(call: MadeCall) {
    this.#call = call;
    this.rows = decodeSpent(call.message);
  }

  /** The sidecar says how each budget stands: by default as it was told. */
  answer(budget: (row: Spend) => Partial<Budget> = () => ({})): void {
    const rows = this.rows.map((row) => ({
      key: row.key,
      requestDebt: Math.max(row.requestDebt + row.requests, 0),
      tokenDebt: Math.max(row.tokenDebt + row.tokens, 0),
      ...budget(row),
    }));
    this.#call.done(encodeBudgets(rows));
  }

  /** It ends otherwise: with a gRPC status, or these bytes. */
  end(how: Uint8Array | number): void {
    this.#call.done(how);
  }
}

/** An endpoint's whole answer. */
export function serve(stream: FilterStream, body: string, status = "200"): FilterStream {
  stream.onResponseHeaders(pickOf(stream), [[":status", status]]);
  stream.onResponseBody(Buffer.from(body), true);
  stream.close();
  return stream;
}
