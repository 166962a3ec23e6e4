// OBSERVED frames from objects: what the filter writes, for the tests of who reads it.

import { frame } from "./encode-frame.ts";
import * as L from "./layout.ts";
import type { Observation, Observed, ObservedModel, TracedRequest } from "./model.ts";

function flagsOf({ streamed, local, cachedKnown }: Observation): number {
  return (
    (streamed ? L.OBSERVATION_STREAMED : 0) |
    (local ? L.OBSERVATION_LOCAL : 0) |
    (cachedKnown ? L.OBSERVATION_CACHED_KNOWN : 0)
  );
}

function encodeTraced(traced: TracedRequest): Uint8Array {
  const details = new TextEncoder().encode(traced.details);
  const explanation = new TextEncoder().encode(traced.explanation);
  const bytes = new Uint8Array(L.TRACED_BYTES + details.length + explanation.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(L.TRACED_RECORD, traced.record, true);
  view.setUint32(L.TRACED_DECIDED, traced.decided, true);
  if (traced.parent !== undefined) {
    bytes.set(Buffer.from(traced.parent.traceId, "hex"), L.TRACED_ID);
    bytes.set(Buffer.from(traced.parent.spanId, "hex"), L.TRACED_PARENT);
  }
  view.setBigUint64(L.TRACED_STARTED, traced.started, true);
  view.setBigUint64(L.TRACED_PICKED, traced.picked, true);
  view.setBigUint64(L.TRACED_OBJECTIVE, traced.objective, true);
  view.setUint32(L.TRACED_WHOLE, traced.whole, true);
  view.setUint16(L.TRACED_DETAILS_LENGTH, details.length, true);
  view.setUint16(L.TRACED_EXPLANATION_LENGTH, explanation.length, true);
  bytes.set(details, L.TRACED_BYTES);
  bytes.set(explanation, L.TRACED_BYTES + details.length);
  return bytes;
}

/** OBSERVED frame. */
export function encodeObserved({ worker, records, running, waiting, traced }: Observed): Uint8Array {
  const models = new Map<bigint, { index: number; offset: number; name: Uint8Array }>();
  let strings = 0;
  const indexOf = (model: ObservedModel | "other" | undefined): number => {
    if (model === undefined) return L.OBSERVATION_NO_MODEL;
    if (model === "other") return L.OBSERVATION_OTHER_MODEL;
    const known = models.get(model.hash);
    if (known !== undefined) return known.index;
    const name = new TextEncoder().encode(model.name);
    models.set(model.hash, { index: models.size, offset: strings, name });
    strings += name.length;
    return models.size - 1;
  };
  const rows = records.map((record) => ({
    record,
    model: indexOf(record.model),
    target: indexOf(record.target),
  }));
  const runningRows = running.map((row) => ({ ...row, model: indexOf(row.model) }));
  const runningAt = L.OBSERVED_BYTES + rows.length * L.OBSERVATION_BYTES;
  const waitingAt = runningAt + runningRows.length * L.RUNNING_BYTES;
  const modelsAt = waitingAt + waiting.length * L.WAITING_BYTES;
  const stringsAt = modelsAt + models.size * L.MODEL_BYTES;
  const tracedAt = stringsAt + strings;
  const tracedRows = Buffer.concat(traced.map(encodeTraced));
  const { bytes, view } = frame(L.KIND_OBSERVED, tracedAt + tracedRows.length);
  bytes.set(tracedRows, tracedAt);
  view.setUint32(L.OBSERVED_TRACED, traced.length, true);
  view.setUint32(L.OBSERVED_TRACED_BYTES, tracedRows.length, true);
  view.setUint32(L.OBSERVED_RECORDS, rows.length, true);
  view.setUint32(L.OBSERVED_MODELS, models.size, true);
  view.setUint32(L.OBSERVED_STRINGS, strings, true);
  view.setUint32(L.OBSERVED_RUNNING, runningRows.length, true);
  view.setUint32(L.OBSERVED_WAITING, waiting.length, true);
  view.setBigUint64(L.OBSERVED_WORKER, worker, true);
  for (const [index, { record, model, target }] of rows.entries()) {
    const at = L.OBSERVED_BYTES + index * L.OBSERVATION_BYTES;
    view.setBigUint64(at + L.OBSERVATION_POOL, record.pool, true);
    view.setBigUint64(at + L.OBSERVATION_ENDPOINT, record.endpoint, true);
    view.setUint16(at + L.OBSERVATION_MODEL, model, true);
    view.setUint16(at + L.OBSERVATION_TARGET, target, true);
    view.setInt32(at + L.OBSERVATION_PRIORITY, record.priority, true);
    view.setUint16(at + L.OBSERVATION_STATUS, record.status, true);
    view.setUint8(at + L.OBSERVATION_FLAGS, flagsOf(record));
    view.setUint8(at + L.OBSERVATION_FINISH, record.finish);
    view.setUint32(at + L.OBSERVATION_DURATION, record.duration, true);
    view.setUint32(at + L.OBSERVATION_QUEUED, record.queued, true);
    view.setUint32(at + L.OBSERVATION_TTFT, record.ttft, true);
    view.setUint32(at + L.OBSERVATION_ITL, record.itl, true);
    view.setUint32(at + L.OBSERVATION_CHUNKS, record.chunks, true);
    view.setUint32(at + L.OBSERVATION_REQUEST_BYTES, record.requestBytes, true);
    view.setUint32(at + L.OBSERVATION_ANSWER_BYTES, record.answerBytes, true);
    view.setUint32(at + L.OBSERVATION_PROMPT, record.prompt, true);
    view.setUint32(at + L.OBSERVATION_OUTPUT, record.output, true);
    view.setUint32(at + L.OBSERVATION_CACHED, record.cached, true);
  }
  for (const [index, { pool, model, requests }] of runningRows.entries()) {
    const at = runningAt + index * L.RUNNING_BYTES;
    view.setBigUint64(at + L.RUNNING_POOL, pool, true);
    view.setUint32(at + L.RUNNING_REQUESTS, requests, true);
    view.setUint16(at + L.RUNNING_MODEL, model, true);
  }
  for (const [index, { pool, priority, requests, oldest }] of waiting.entries()) {
    const at = waitingAt + index * L.WAITING_BYTES;
    view.setBigUint64(at + L.WAITING_POOL, pool, true);
    view.setInt32(at + L.WAITING_PRIORITY, priority, true);
    view.setUint32(at + L.WAITING_REQUESTS, requests, true);
    view.setUint32(at + L.WAITING_OLDEST, oldest, true);
  }
  for (const [hash, { index, offset, name }] of models) {
    const at = modelsAt + index * L.MODEL_BYTES;
    view.setBigUint64(at + L.MODEL_HASH, hash, true);
    view.setUint32(at + L.MODEL_OFFSET, offset, true);
    view.setUint32(at + L.MODEL_LENGTH, name.length, true);
    bytes.set(name, stringsAt + offset);
  }
  return bytes;
}
