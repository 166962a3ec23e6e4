// Which requests are traced, and what of them is kept for that. Nothing here runs for a request that is not, save
// for the one look at the plan that says whether any are.

import { SAMPLER_PARENT } from "../../wire/layout.ts";
import * as host from "../abi/host.ts";
import { giveBlock, takeBlock } from "../memory/blocks.ts";
import { randomUnit } from "../schedule/random.ts";
import { Text, text } from "../text/text.ts";
import { planSampler, planSamplerRatio } from "../wire/sampling.ts";
import { findHeader, foundAt, foundLength } from "./header-map.ts";
import { IS_SAMPLED, NOT_SAMPLED, readIds, readRequestId, readTraceparent, UNDECIDED } from "./traceparent.ts";

/** Endpoints that the explanation of a traced request's decision lists, of each profile. */
export const TRACED_ENDPOINTS: u32 = 5;

const TRACEPARENT = text("traceparent");
/** Where a header_mutation filter tells which span of Envoy's own the request belongs to. */
const ENVOY_SPAN = text("x-inline-epp-span");
const REQUEST_ID = text("x-request-id");
const ids: usize = memory.data(24, 8);
const envoyIds: usize = memory.data(24, 8);
const TWO_TO_63: f64 = 9223372036854775808.0;

/** What is kept of a request that is traced. */
@unmanaged
@final
export class Traced {
  /** Bytes of the trace's id and of the parent's, as they come in the header; all 0: the request brought none. */
  idHigh: u64;
  idLow: u64;
  parent: u64;
  /** Microseconds since 1970: when the headers came. */
  startedAt: u64;
  /** Key of the endpoint that was picked; 0: none. */
  picked: u64;
  /** Microseconds of the process's clock: when the body was complete, when the decision fell. 0: not yet. */
  wholeAt: u64;
  decidedAt: u64;
  /** Address and bytes of why the filter turned the request away; it did not where they are 0. */
  details: usize;
  detailsLength: u32;
}

/**
 * Decides whether a request is traced by a plan that has requests traced; its serialized headers stand at `at`. Returns
 * the address of its Traced; 0: it is not traced.
 */
export function sample(plan: usize, at: usize, length: u32): usize {
  let decided = UNDECIDED;
  if (findHeader(at, length, TRACEPARENT)) decided = readTraceparent(foundAt, foundLength, ids);
  let known = decided != UNDECIDED;
  if (findHeader(at, length, ENVOY_SPAN) && readIds(foundAt, foundLength, envoyIds)) {
    const envoys = findHeader(at, length, REQUEST_ID) ? readRequestId(foundAt, foundLength) : UNDECIDED;
    // Of a trace that a client has begun and Envoy leaves out, nobody would ever see Envoy's span.
    if (!known || envoys != NOT_SAMPLED) memory.copy(ids, envoyIds, 24);
    if (!known) decided = envoys;
    known = true;
  }
  if (!known) memory.fill(ids, 0, 24);
  if (!isSampled(plan, decided, known)) return 0;
  const traced = changetype<Traced>(takeBlock(offsetof<Traced>()));
  memory.fill(changetype<usize>(traced), 0, offsetof<Traced>());
  traced.idHigh = load<u64>(ids);
  traced.idLow = load<u64>(ids, 8);
  traced.parent = load<u64>(ids, 16);
  traced.startedAt = host.wallTime();
  return changetype<usize>(traced);
}

// `known`: there is a trace already.
function isSampled(plan: usize, decided: i32, known: bool): bool {
  const ratio = planSamplerRatio(plan);
  if (decided != UNDECIDED && planSampler(plan) == u32(SAMPLER_PARENT)) return decided == IS_SAMPLED;
  if (!known) return randomUnit() <= ratio;
  // As OpenTelemetry's TraceIDRatioBased of Go has it, so that all who see the same trace decide alike.
  return bswap<u64>(load<u64>(ids, 8)) >> 1 < u64(ratio * TWO_TO_63);
}

/** Keeps which endpoint was picked, and when. */
export function keepPicked(traced: Traced, endpoint: u64, now: u64): void {
  traced.picked = endpoint;
  traced.decidedAt = now;
}

/** Keeps why the filter turns a request away. */
export function keepDetails(traced: Traced, details: Text): void {
  traced.details = details.at;
  traced.detailsLength = details.length;
}

/** Gives its memory back. */
export function releaseTraced(traced: Traced): void {
  giveBlock(changetype<usize>(traced), offsetof<Traced>());
}
