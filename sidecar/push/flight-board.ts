import { encodeFlight } from "../../wire/encode.ts";
import type { Flight, FlightEntry } from "../../wire/model.ts";
import { PEERS } from "./peers.ts";

/** Milliseconds after which a gateway that has sent no FLIGHT counts no more. */
export const SILENT_AFTER_MS = 3000;

const U32_MAX = 0xffffffff;

interface Sum {
  requests: number;
  tokens: number;
  prefill: number;
}

interface Report {
  readonly entries: ReadonlyMap<bigint, Sum>;
  readonly at: number;
}

/**
 * What each gateway has in flight, and what all have together. Gateways go by their streams' numbers, from 1 up; peers,
 * each of which counts as one gateway, go by numbers below PEERS.
 */
export class FlightBoard {
  readonly #reports = new Map<number, Report>();
  readonly #totals = new Map<bigint, Sum>();

  /** Takes a gateway's report at that time, in milliseconds, in place of its last one; tells whether it is news. */
  report(gateway: number, flight: Flight, now: number): boolean {
    const entries = new Map<bigint, Sum>();
    for (const entry of flight.entries) add(entries, entry.endpoint, entry, 1);
    const last = this.#reports.get(gateway)?.entries;
    this.#reports.set(gateway, { entries, at: now });
    if (last !== undefined && sameSums(last, entries)) return false;
    this.#count(last, -1);
    this.#count(entries, 1);
    return last !== undefined || entries.size > 0;
  }

  /** The gateway is gone; tells whether that changes what the others are told. */
  remove(gateway: number): boolean {
    const last = this.#reports.get(gateway)?.entries;
    this.#reports.delete(gateway);
    this.#count(last, -1);
    return last !== undefined && last.size > 0;
  }

  /** Removes the gateways that have been silent for too long; tells whether that changes what the others are told. */
  expire(now: number): boolean {
    let changed = false;
    for (const [gateway, { at }] of this.#reports) {
      if (now - at > SILENT_AFTER_MS) changed = this.remove(gateway) || changed;
    }
    return changed;
  }

  /** What all gateways together have in flight at an endpoint, by the xxh64 of its address. */
  total(endpoint: bigint): Readonly<Sum> {
    return held(this.#totals.get(endpoint) ?? { requests: 0, tokens: 0, prefill: 0 });
  }

  /** FLIGHT with the sum of all gateways but this one. */
  othersOf(gateway: number): Uint8Array {
    const own = this.#reports.get(gateway)?.entries;
    const entries: FlightEntry[] = [];
    for (const [endpoint, { requests, tokens, prefill }] of this.#totals) {
      const part = own?.get(endpoint);
      const others = held({
        requests: requests - (part?.requests ?? 0),
        tokens: tokens - (part?.tokens ?? 0),
        prefill: prefill - (part?.prefill ?? 0),
      });
      if (!isNought(others)) entries.push({ endpoint, ...others });
    }
    return encodeFlight({ owner: 0n, entries });
  }

  /** FLIGHT with the sum of this sidecar's own gateways, without what peers have told. */
  own(): Uint8Array {
    const sums = new Map<bigint, Sum>();
    for (const [gateway, { entries }] of this.#reports) {
      if (gateway < PEERS) continue;
      for (const [endpoint, sum] of entries) add(sums, endpoint, sum, 1);
    }
    const entries = [...sums.keys()].map((endpoint) => ({ endpoint, ...held(sums.get(endpoint)!) }));
    return encodeFlight({ owner: 0n, entries });
  }

  #count(entries: ReadonlyMap<bigint, Sum> | undefined, sign: 1 | -1): void {
    for (const [endpoint, sum] of entries ?? []) add(this.#totals, endpoint, sum, sign);
  }
}

/** A sum as far as a FLIGHT's fields hold it. */
function held({ requests, tokens, prefill }: Readonly<Sum>): Sum {
  return {
    requests: Math.min(requests, U32_MAX),
    tokens: Math.min(tokens, U32_MAX),
    prefill: Math.min(prefill, U32_MAX),
  };
}

function add(sums: Map<bigint, Sum>, endpoint: bigint, by: Readonly<Sum>, sign: 1 | -1): void {
  let sum = sums.get(endpoint);
  if (sum === undefined) {
    sum = { requests: 0, tokens: 0, prefill: 0 };
    sums.set(endpoint, sum);
  }
  sum.requests += sign * by.requests;
  sum.tokens += sign * by.tokens;
  sum.prefill += sign * by.prefill;
  if (isNought(sum)) sums.delete(endpoint);
}

function isNought({ requests, tokens, prefill }: Readonly<Sum>): boolean {
  return requests === 0 && tokens === 0 && prefill === 0;
}

function sameSums(one: ReadonlyMap<bigint, Sum>, two: ReadonlyMap<bigint, Sum>): boolean {
  if (one.size !== two.size) return false;
  for (const [endpoint, sum] of one) {
    const other = two.get(endpoint);
    if (other === undefined || other.requests !== sum.requests) return false;
    if (other.tokens !== sum.tokens || other.prefill !== sum.prefill) return false;
  }
  return true;
}
