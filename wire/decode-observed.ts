// OBSERVED frames to objects. As with the others, what is wrong is refused whole, by reason, and never guessed.

import { exactly, FrameRefused, header } from "./decode.ts";
import * as L from "./layout.ts";
import type { Observation, Observed, ObservedModel, RunningRequests, TracedRequest, WaitingRequests } from "./model.ts";

const FLAGS = L.OBSERVATION_STREAMED | L.OBSERVATION_LOCAL | L.OBSERVATION_CACHED_KNOWN;

function models(view: DataView, at: number, count: number, strings: Uint8Array): ObservedModel[] {
  return Array.from({ length: count }, (_, index) => {
    const row = at + index * L.MODEL_BYTES;
    const offset = view.getUint32(row + L.MODEL_OFFSET, true);
    const length = view.getUint32(row + L.MODEL_LENGTH, true);
    if (length > L.MODEL_KEPT_MAX) throw new FrameRefused(L.REFUSED_LENGTH, `model ${index} of ${length} bytes`);
    if (offset + length > strings.length) {
      throw new FrameRefused(L.REFUSED_REFERENCE, `model ${index} is named outside the strings`);
    }
    const name = new TextDecoder().decode(strings.subarray(offset, offset + length));
    return { hash: view.getBigUint64(row + L.MODEL_HASH, true), name };
  });
}

function modelAt(view: DataView, at: number, table: readonly ObservedModel[]): ObservedModel | "other" | undefined {
  const index = view.getUint16(at, true);
  if (index === L.OBSERVATION_NO_MODEL) return undefined;
  if (index === L.OBSERVATION_OTHER_MODEL) return "other";
  const model = table[index];
  if (model === undefined) throw new FrameRefused(L.REFUSED_REFERENCE, `model ${index} of ${table.length}`);
  return model;
}

function observation(view: DataView, at: number, table: readonly ObservedModel[]): Observation {
  const status = view.getUint16(at + L.OBSERVATION_STATUS, true);
  if (status !== 0 && (status < 100 || status > 999)) throw new FrameRefused(L.REFUSED_VALUE, `status ${status}`);
  const flags = view.getUint8(at + L.OBSERVATION_FLAGS);
  if ((flags & ~FLAGS) !== 0) throw new FrameRefused(L.REFUSED_VALUE, `flags ${flags}`);
  const finish = view.getUint8(at + L.OBSERVATION_FINISH);
  if (finish > L.FINISH_OTHER) throw new FrameRefused(L.REFUSED_VALUE, `finish ${finish}`);
  return {
    pool: view.getBigUint64(at + L.OBSERVATION_POOL, true),
    endpoint: view.getBigUint64(at + L.OBSERVATION_ENDPOINT, true),
    model: modelAt(view, at + L.OBSERVATION_MODEL, table),
    target: modelAt(view, at + L.OBSERVATION_TARGET, table),
    priority: view.getInt32(at + L.OBSERVATION_PRIORITY, true),
    status,
    streamed: (flags & L.OBSERVATION_STREAMED) !== 0,
    local: (flags & L.OBSERVATION_LOCAL) !== 0,
    finish,
    duration: view.getUint32(at + L.OBSERVATION_DURATION, true),
    queued: view.getUint32(at + L.OBSERVATION_QUEUED, true),
    ttft: view.getUint32(at + L.OBSERVATION_TTFT, true),
    itl: view.getUint32(at + L.OBSERVATION_ITL, true),
    chunks: view.getUint32(at + L.OBSERVATION_CHUNKS, true),
    requestBytes: view.getUint32(at + L.OBSERVATION_REQUEST_BYTES, true),
    answerBytes: view.getUint32(at + L.OBSERVATION_ANSWER_BYTES, true),
    prompt: view.getUint32(at + L.OBSERVATION_PROMPT, true),
    output: view.getUint32(at + L.OBSERVATION_OUTPUT, true),
    cached: view.getUint32(at + L.OBSERVATION_CACHED, true),
    cachedKnown: (flags & L.OBSERVATION_CACHED_KNOWN) !== 0,
  };
}

function runningRow(view: DataView, at: number, table: readonly ObservedModel[]): RunningRequests {
  const model = modelAt(view, at + L.RUNNING_MODEL, table);
  if (model === undefined) throw new FrameRefused(L.REFUSED_VALUE, "running requests for no model");
  const requests = view.getUint32(at + L.RUNNING_REQUESTS, true);
  return { pool: view.getBigUint64(at + L.RUNNING_POOL, true), model, requests };
}

function waitingRow(view: DataView, at: number): WaitingRequests {
  const pool = view.getBigUint64(at + L.WAITING_POOL, true);
  const priority = view.getInt32(at + L.WAITING_PRIORITY, true);
  const requests = view.getUint32(at + L.WAITING_REQUESTS, true);
  if (requests === 0) throw new FrameRefused(L.REFUSED_VALUE, "a row of waiting requests without any");
  if (pool === 0n && priority !== 0) throw new FrameRefused(L.REFUSED_VALUE, `several priorities as ${priority}`);
  return { pool, priority, requests, oldest: view.getUint32(at + L.WAITING_OLDEST, true) };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

const isZero = (id: Uint8Array): boolean => id.every((byte) => byte === 0);

// Either both ids are there or neither is.
function parentOf(row: Uint8Array): TracedRequest["parent"] {
  const trace = row.subarray(L.TRACED_ID, L.TRACED_ID + 16);
  const span = row.subarray(L.TRACED_PARENT, L.TRACED_PARENT + 8);
  if (isZero(trace) !== isZero(span)) throw new FrameRefused(L.REFUSED_VALUE, "a trace without its parent span");
  return isZero(trace) ? undefined : { traceId: hex(trace), spanId: hex(span) };
}

function tracedRequests(bytes: Uint8Array, count: number, records: number): TracedRequest[] {
  const all: TracedRequest[] = [];
  let rest = bytes;
  for (let index = 0; index < count; index++) {
    if (rest.length < L.TRACED_BYTES) throw new FrameRefused(L.REFUSED_LENGTH, `no room for ${count} traced requests`);
    const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
    const record = view.getUint32(L.TRACED_RECORD, true);
    if (record >= records) throw new FrameRefused(L.REFUSED_REFERENCE, `record ${record} of ${records} is traced`);
    const detailsEnd = L.TRACED_BYTES + view.getUint16(L.TRACED_DETAILS_LENGTH, true);
    const explained = view.getUint16(L.TRACED_EXPLANATION_LENGTH, true);
    if (explained > L.MAX_EXPLANATION || detailsEnd + explained > rest.length) {
      throw new FrameRefused(L.REFUSED_LENGTH, `traced request ${index} is explained by ${explained} bytes`);
    }
    all.push({
      record,
      parent: parentOf(rest),
      started: view.getBigUint64(L.TRACED_STARTED, true),
      whole: view.getUint32(L.TRACED_WHOLE, true),
      decided: view.getUint32(L.TRACED_DECIDED, true),
      picked: view.getBigUint64(L.TRACED_PICKED, true),
      objective: view.getBigUint64(L.TRACED_OBJECTIVE, true),
      details: new TextDecoder().decode(rest.subarray(L.TRACED_BYTES, detailsEnd)),
      explanation: new TextDecoder().decode(rest.subarray(detailsEnd, detailsEnd + explained)),
    });
    rest = rest.subarray(detailsEnd + explained);
  }
  if (rest.length > 0) throw new FrameRefused(L.REFUSED_LENGTH, `${rest.length} bytes behind the last traced request`);
  return all;
}

/**
 * Reads an OBSERVED that a gateway's worker sent.
 * @throws FrameRefused with the reason that goes into logs and metrics.
 */
export function decodeObserved(bytes: Uint8Array): Observed {
  const { view, kind } = header(bytes);
  if (kind !== L.KIND_OBSERVED) throw new FrameRefused(L.REFUSED_KIND, `kind ${kind} is no OBSERVED`);
  if (bytes.length < L.OBSERVED_BYTES || bytes.length > L.MAX_OBSERVED_BYTES) {
    throw new FrameRefused(L.REFUSED_LENGTH, `OBSERVED of ${bytes.length} bytes`);
  }
  const records = view.getUint32(L.OBSERVED_RECORDS, true);
  const modelCount = view.getUint32(L.OBSERVED_MODELS, true);
  if (modelCount > L.MAX_OBSERVED_MODELS) throw new FrameRefused(L.REFUSED_LENGTH, `${modelCount} models`);
  const running = view.getUint32(L.OBSERVED_RUNNING, true);
  if (running > L.MAX_RUNNING) throw new FrameRefused(L.REFUSED_LENGTH, `${running} rows of running requests`);
  const waiting = view.getUint32(L.OBSERVED_WAITING, true);
  if (waiting > L.MAX_WAITING) throw new FrameRefused(L.REFUSED_LENGTH, `${waiting} rows of waiting requests`);
  const runningAt = L.OBSERVED_BYTES + records * L.OBSERVATION_BYTES;
  const waitingAt = runningAt + running * L.RUNNING_BYTES;
  const modelsAt = waitingAt + waiting * L.WAITING_BYTES;
  const stringsAt = modelsAt + modelCount * L.MODEL_BYTES;
  const tracedAt = stringsAt + view.getUint32(L.OBSERVED_STRINGS, true);
  const tracedBytes = view.getUint32(L.OBSERVED_TRACED_BYTES, true);
  if (tracedBytes > L.MAX_TRACED_BYTES) throw new FrameRefused(L.REFUSED_LENGTH, `${tracedBytes} bytes of traces`);
  exactly(bytes, tracedAt + tracedBytes);
  const table = models(view, modelsAt, modelCount, bytes.subarray(stringsAt, tracedAt));
  return {
    worker: view.getBigUint64(L.OBSERVED_WORKER, true),
    records: Array.from({ length: records }, (_, index) =>
      observation(view, L.OBSERVED_BYTES + index * L.OBSERVATION_BYTES, table),
    ),
    running: Array.from({ length: running }, (_, index) =>
      runningRow(view, runningAt + index * L.RUNNING_BYTES, table),
    ),
    waiting: Array.from({ length: waiting }, (_, index) => waitingRow(view, waitingAt + index * L.WAITING_BYTES)),
    traced: tracedRequests(bytes.subarray(tracedAt), view.getUint32(L.OBSERVED_TRACED, true), records),
  };
}
