// OBSERVED frames to objects. As with the others, what is wrong is refused whole, by reason, and never guessed.

import { exactly, FrameRefused, header } from "./decode.ts";
import * as L from "./layout.ts";
import type { Observation, Observed, ObservedModel, RunningRequests } from "./model.ts";

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
  const runningAt = L.OBSERVED_BYTES + records * L.OBSERVATION_BYTES;
  const modelsAt = runningAt + running * L.RUNNING_BYTES;
  const stringsAt = modelsAt + modelCount * L.MODEL_BYTES;
  exactly(bytes, stringsAt + view.getUint32(L.OBSERVED_STRINGS, true));
  const table = models(view, modelsAt, modelCount, bytes.subarray(stringsAt));
  return {
    worker: view.getBigUint64(L.OBSERVED_WORKER, true),
    records: Array.from({ length: records }, (_, index) =>
      observation(view, L.OBSERVED_BYTES + index * L.OBSERVATION_BYTES, table),
    ),
    running: Array.from({ length: running }, (_, index) =>
      runningRow(view, runningAt + index * L.RUNNING_BYTES, table),
    ),
  };
}
