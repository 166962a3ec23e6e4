import { Slab } from "../memory/slab.ts";
import { Table } from "../memory/table.ts";
import { Body, releaseBody } from "../body/body.ts";
import { giveBlock } from "../memory/blocks.ts";
import { releaseRenaming, Renaming } from "../policy/renaming.ts";
import { releaseUsage, UsageScan } from "../response/usage.ts";
import { answered, enter, leave, Slot } from "../state/slots.ts";
import { releaseTraced, Traced } from "./traced.ts";

/** Addresses remembered per request, to tell an answer from a listed endpoint from one that ignored the list. */
export const REMEMBERED: u32 = 4;

/** What is known of one stream, from its headers to its end. */
@unmanaged
@final
export class Request {
  /** The slab's link while the record is free. */
  link: u32;
  id: u32;
  /** Address of the Root object. */
  root: usize;
  /** Key of the pool that the request is for; 0: the only one there is. */
  pool: u64;
  /** Address of the Slot where the request counts as in flight; 0: nowhere. */
  slot: usize;
  /** Which API it speaks, API_*, of what kind its body is, MEDIA_*, and whether its method is POST. */
  api: u8;
  media: u8;
  posts: bool;
  /** How many destinations the decision listed; 0: none. */
  picks: u32;
  /** Whether the decision has been made, whatever it was. */
  decided: bool;
  /** Since when the request is held without a body callback, in microseconds; 0: it is not. */
  heldSince: u64;
  /** Bytes of its body so far. */
  bytes: u32;
  /** Its priority, once its body is complete. */
  priority: i32;
  /** Address of its Entry in a queue; 0: it does not wait. */
  entry: usize;
  /** Microseconds that it waited there. */
  waitedFor: u32;
  /** Whether its flow has been charged for it. */
  charged: bool;
  /** Neighbours among the root's held requests; 0: none. */
  older: usize;
  newer: usize;
  /** xxh64 of the first REMEMBERED destinations. */
  key0: u64;
  key1: u64;
  key2: u64;
  key3: u64;
  /** Address of the Body from the first piece of the request's body to the answer's headers; 0: there is none. */
  body: usize;
  /** Bytes of a held body that have been read. */
  scanned: u32;
  /** Address of the UsageScan of the answer; 0: none. */
  usage: usize;
  /** Microseconds: when the decision fell, when the first event of the answer came, when its last piece. 0: not yet. */
  decidedAt: u64;
  firstAt: u64;
  lastAt: u64;
  /** What the request counts for where it is in flight: tokens, and uncached prompt tokens until the first answer. */
  tokens: u32;
  prefill: u32;
  /** Address of the Slot of the endpoint that computes the prompt for the picked one, until it has; 0: none does. */
  prefiller: usize;
  /** What the request counts for there: uncached prompt tokens. */
  prefillerTokens: u32;
  /** Whether another endpoint than the picked one computes, or has computed, the prompt. */
  apart: bool;
  /** Prompt tokens, and leading prompt blocks that the picked endpoint was taken to hold. */
  promptTokens: u32;
  matched: u32;
  /** Tokens per prompt block, as the body was cut: the plan may have changed since it began. */
  blockTokens: u32;
  /** First block of the prompt that was news for the endpoint where it was recorded last. */
  firstNew: u32;
  /** How the endpoint looked at the decision; the latency models learn from it. */
  ahead: f64;
  waiting: f64;
  running: f64;
  usageThen: f64;
  tokensThen: f64;
  /** Hash of the endpoint's name in the client's session token; 0: no session. */
  session: u64;
  /** What the client asks for, milliseconds; 0: nothing. */
  sloTtft: f64;
  sloTpot: f64;
  /** xxh64 of the InferenceObjective's name, and of the id among which capacity is to be shared fairly; 0: none. */
  objective: u64;
  fairness: u64;
  /** Address and bytes of the model's name that a header demands in place of the body's; 0: none. */
  forcedModel: usize;
  forcedModelLength: u32;
  /** Address and bytes of the boundary where the body is a form; 0: it is none, or has no boundary. */
  boundary: usize;
  boundaryLength: u32;
  /** How many endpoints the client wants to have explained; 0: none. */
  explain: u32;
  /** Whether the destination is not the picked rank itself but the port of its pod that distributes to ranks. */
  byPod: bool;
  /** Whether the client wants the answer as a stream. */
  streamed: bool;
  /** Whether an endpoint has answered. */
  served: bool;
  /** Microseconds: when the headers came; 0 once it has been told what became of the request. */
  startedAt: u64;
  /**
   * What is told then: hash, address and bytes of the name by which the client calls the model (hash 0: none), bytes of
   * the answer's body, the answer's status (0: none yet), whether the gateway itself answered, and key of the endpoint
   * that did (0: none).
   */
  modelHash: u64;
  modelAt: usize;
  modelLength: u32;
  answerBytes: u32;
  status: u32;
  local: bool;
  endpoint: u64;
  /** Address of the RunningRow in which the request counts; 0: none. */
  runningRow: usize;
  /** Address and bytes of the explanation that the client asked for, or that a trace takes; 0: none. */
  trace: usize;
  traceLength: u32;
  /** Address of the Allowance where rate limits may hold for it, until it is over; 0: none do. */
  allowance: usize;
  /** Address of the Renaming where the request's model may be replaced; 0: it stays. */
  renaming: usize;
  /** Address of the Traced where the request is traced; 0: it is not. */
  traced: usize;
}

const slab = new Slab(offsetof<Request>());
const byId = new Table();

/** Makes the record of a stream. Null when a million streams stand. */
export function createRequest(id: u32, root: usize): Request | null {
  const at = slab.take();
  if (at == 0) return null;
  const request = changetype<Request>(at);
  request.id = id;
  request.root = root;
  byId.set(id, at);
  return request;
}

/** The record of a context id; null where the id is none of a stream. */
export function requestOf(id: u32): Request | null {
  const at = byId.get(id);
  return at == 0 ? null : changetype<Request>(at);
}

/** Forgets a stream that is over. */
export function deleteRequest(request: Request): void {
  byId.remove(request.id);
  dropBody(request);
  if (request.usage != 0) releaseUsage(changetype<UsageScan>(request.usage));
  giveBlock(request.modelAt, max<u32>(request.modelLength, 1));
  if (request.renaming != 0) releaseRenaming(changetype<Renaming>(request.renaming));
  if (request.traced != 0) releaseTraced(changetype<Traced>(request.traced));
  giveBlock(request.trace, request.traceLength);
  giveBlock(request.forcedModel, request.forcedModelLength);
  giveBlock(request.boundary, request.boundaryLength);
  slab.give(changetype<usize>(request));
}

/** The request's body is needed no more: answers last, and a long prompt's hashes are tens of KiB. */
export function dropBody(request: Request): void {
  if (request.body == 0) return;
  releaseBody(changetype<Body>(request.body));
  request.body = 0;
}

/** Counts the request as in flight at an endpoint, and nowhere else. */
export function countAt(request: Request, slot: Slot): void {
  if (request.slot == changetype<usize>(slot)) return;
  enter(slot, request.tokens, request.prefill);
  uncount(request);
  request.slot = changetype<usize>(slot);
}

/** The request is in flight nowhere any more. */
export function uncount(request: Request): void {
  if (request.slot == 0) return;
  leave(changetype<Slot>(request.slot), request.tokens, request.prefill);
  request.slot = 0;
}

/** Another endpoint than the picked one computes the prompt: so many tokens of it. */
export function countPrefiller(request: Request, slot: Slot, tokens: u32): void {
  enter(slot, tokens, tokens);
  request.prefiller = changetype<usize>(slot);
  request.prefillerTokens = tokens;
  request.apart = true;
}

/** The first piece of the answer is here, or none will come: the prompt no longer waits to be computed. */
export function endPrefill(request: Request): void {
  if (request.prefiller != 0) {
    leave(changetype<Slot>(request.prefiller), request.prefillerTokens, request.prefillerTokens);
    request.prefiller = 0;
  }
  if (request.slot != 0 && request.prefill != 0) answered(changetype<Slot>(request.slot), request.prefill);
  request.prefill = 0;
}

/** Remembers a destination of the decision's list. */
export function remember(request: Request, place: u32, key: u64): void {
  if (place < REMEMBERED) store<u64>(changetype<usize>(request) + offsetof<Request>("key0") + (place << 3), key);
}

/** Whether the list named this destination; true also where the list was longer than what is remembered. */
export function listed(request: Request, key: u64): bool {
  if (request.picks > REMEMBERED) return true;
  for (let place: u32 = 0; place < request.picks; place++) {
    if (load<u64>(changetype<usize>(request) + offsetof<Request>("key0") + (place << 3)) == key) return true;
  }
  return false;
}
