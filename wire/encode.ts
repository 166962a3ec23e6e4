// Objects to frames. Ranges are checked here, so that a frame which leaves this file is one the filter accepts.

import * as L from "./layout.ts";
import type {
  Ack,
  Flight,
  Hello,
  Journal,
  Load,
  Plan,
  PlanAdmission,
  PlanBand,
  PlanSettings,
  PlanStep,
  Policy,
  Roster,
  Sample,
  Want,
} from "./model.ts";
import { nameKey } from "./name-key.ts";
import { LabelTable, StringSection, TermTable } from "./strings.ts";

/** Thrown where a value does not fit its field: a mistake of the caller, never of input from outside. */
export class EncodeError extends RangeError {}

function check(what: string, value: number, max: number, min = 0): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new EncodeError(`${what} is ${value}, must be an integer from ${min} to ${max}`);
  }
  return value;
}

function checkBytes(what: string, value: bigint, min: bigint): bigint {
  if (value < min || value >= 1n << 64n) {
    throw new EncodeError(`${what} is ${value}, must be an integer from ${min} to 2^64 - 1`);
  }
  return value;
}

function above0(what: string, value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) throw new EncodeError(`${what} is ${value}, must be finite and above 0`);
  return value;
}

function finite(what: string, value: number): number {
  if (!Number.isFinite(value)) throw new EncodeError(`${what} is ${value}, must be finite`);
  return value;
}

const FRAME_NAMES = new Map([
  [L.KIND_ROSTER, "roster"],
  [L.KIND_LOAD, "load"],
  [L.KIND_PLAN, "plan"],
  [L.KIND_POLICY, "policies"],
]);

/** A frame of so many bytes with its header. */
export function frame(kind: number, bytes: number, pool = "", epoch = 0n): { bytes: Uint8Array; view: DataView } {
  if (bytes > L.MAX_FRAME_BYTES) {
    const what = `the ${FRAME_NAMES.get(kind) ?? "frame"}${pool === "" ? "" : ` of pool ${pool}`}`;
    throw new EncodeError(`${what} would have ${bytes} bytes, a frame has at most ${L.MAX_FRAME_BYTES}`);
  }
  const buffer = new Uint8Array(bytes);
  const view = new DataView(buffer.buffer);
  view.setUint32(L.HEADER_MAGIC, L.FRAME_MAGIC, true);
  view.setUint16(L.HEADER_VERSION, L.WIRE_VERSION, true);
  view.setUint16(L.HEADER_KIND, kind, true);
  view.setUint32(L.HEADER_LENGTH, bytes, true);
  view.setBigUint64(L.HEADER_POOL, pool === "" ? 0n : nameKey(pool), true);
  view.setBigUint64(L.HEADER_EPOCH, epoch, true);
  return { bytes: buffer, view };
}

/** ROSTER frame. */
export function encodeRoster(roster: Roster): Uint8Array {
  check(`number of endpoints of pool ${roster.pool}`, roster.endpoints.length, L.MAX_ENDPOINTS);
  const strings = new StringSection();
  const labels = new LabelTable(strings);
  const poolName = strings.add(roster.pool);
  const rows = roster.endpoints.map((endpoint) => ({
    endpoint,
    address: strings.add(endpoint.address),
    name: strings.add(endpoint.name),
    zone: strings.add(endpoint.zone),
    labels: labels.add(endpoint.labels),
  }));
  const labelsAt = L.ROSTER_BYTES + rows.length * L.ENDPOINT_BYTES;
  const stringsAt = labelsAt + labels.count * L.LABEL_BYTES;
  const { bytes, view } = frame(L.KIND_ROSTER, stringsAt + strings.size, roster.pool, roster.epoch);
  view.setUint32(L.ROSTER_ENDPOINTS, rows.length, true);
  view.setUint32(L.ROSTER_LABELS, labels.count, true);
  view.setUint32(L.ROSTER_STRINGS, strings.size, true);
  view.setUint32(L.ROSTER_NAME_OFFSET, poolName.offset, true);
  view.setUint32(L.ROSTER_NAME_LENGTH, poolName.length, true);
  rows.forEach((row, index) => {
    const at = L.ROSTER_BYTES + index * L.ENDPOINT_BYTES;
    const { address, engine, role, rank } = row.endpoint;
    check(`length of address ${address}`, row.address.length, L.ENDPOINT_ADDRESS_MAX, 1);
    view.setBigUint64(at + L.ENDPOINT_KEY, nameKey(address), true);
    view.setUint32(at + L.ENDPOINT_ADDRESS_OFFSET, row.address.offset, true);
    view.setUint32(at + L.ENDPOINT_ADDRESS_LENGTH, row.address.length, true);
    view.setUint32(at + L.ENDPOINT_NAME_OFFSET, row.name.offset, true);
    view.setUint32(at + L.ENDPOINT_NAME_LENGTH, row.name.length, true);
    view.setUint32(at + L.ENDPOINT_ZONE_OFFSET, row.zone.offset, true);
    view.setUint32(at + L.ENDPOINT_ZONE_LENGTH, row.zone.length, true);
    view.setUint32(at + L.ENDPOINT_LABEL_START, row.labels.start, true);
    view.setUint32(at + L.ENDPOINT_LABEL_COUNT, row.labels.count, true);
    view.setUint8(at + L.ENDPOINT_ENGINE, check("engine", engine, L.ENGINE_TRITON_TENSORRT_LLM));
    view.setUint8(at + L.ENDPOINT_ROLE, check("role", role, L.ROLE_ENCODE));
    view.setUint16(at + L.ENDPOINT_RANK, check("rank", rank, 0xffff), true);
  });
  labels.writeTo(view, labelsAt);
  strings.writeTo(bytes, stringsAt);
  return bytes;
}

function writeSample(view: DataView, at: number, sample: Sample, adapterStart: number): void {
  const kvUsage = Math.fround(sample.kvUsage);
  if (!(kvUsage >= 0 && kvUsage <= 1)) throw new EncodeError(`kvUsage is ${sample.kvUsage}, must be 0..1`);
  const age = sample.age === undefined ? L.SAMPLE_NEVER : check("age", sample.age, L.SAMPLE_NEVER - 1);
  view.setUint32(at + L.SAMPLE_FLAGS, sample.ready ? L.SAMPLE_READY : 0, true);
  view.setUint32(at + L.SAMPLE_AGE, age, true);
  view.setUint32(at + L.SAMPLE_WAITING, check("waiting", sample.waiting, 0xffffffff), true);
  view.setUint32(at + L.SAMPLE_RUNNING, check("running", sample.running, 0xffffffff), true);
  view.setFloat32(at + L.SAMPLE_KV_USAGE, kvUsage, true);
  view.setUint32(at + L.SAMPLE_BLOCK_SIZE, check("blockSize", sample.blockSize, 0xffffffff), true);
  view.setUint32(at + L.SAMPLE_BLOCK_COUNT, check("blockCount", sample.blockCount, 0xffffffff), true);
  view.setUint32(at + L.SAMPLE_ADAPTER_START, adapterStart, true);
  view.setUint16(at + L.SAMPLE_ADAPTERS_RUNNING, check("adapters", sample.runningAdapters.length, 0xffff), true);
  view.setUint16(at + L.SAMPLE_ADAPTERS_WAITING, check("adapters", sample.waitingAdapters.length, 0xffff), true);
  view.setUint16(at + L.SAMPLE_ADAPTERS_MAX, check("maxAdapters", sample.maxAdapters, 0xffff), true);
  view.setUint16(at + L.SAMPLE_COUNTER, sample.counter & 0xffff, true);
}

/** LOAD frame. */
export function encodeLoad(load: Load): Uint8Array {
  check("samples", load.samples.length, L.MAX_ENDPOINTS);
  const adapters = load.samples.flatMap((sample) => [...sample.runningAdapters, ...sample.waitingAdapters]);
  const adaptersAt = L.LOAD_BYTES + load.samples.length * L.SAMPLE_BYTES;
  const { bytes, view } = frame(
    L.KIND_LOAD,
    adaptersAt + adapters.length * L.ADAPTER_BYTES,
    load.pool,
    load.rosterEpoch,
  );
  view.setUint32(L.LOAD_ENDPOINTS, load.samples.length, true);
  view.setUint32(L.LOAD_ADAPTERS, adapters.length, true);
  view.setBigUint64(L.LOAD_SEQUENCE, load.sequence, true);
  view.setBigUint64(L.LOAD_SENT_AT, load.sentAt, true);
  view.setUint32(L.LOAD_FRESH_FOR, check("freshFor", load.freshFor, L.SAMPLE_NEVER - 1), true);
  let adapter = 0;
  load.samples.forEach((sample, index) => {
    writeSample(view, L.LOAD_BYTES + index * L.SAMPLE_BYTES, sample, adapter);
    adapter += sample.runningAdapters.length + sample.waitingAdapters.length;
  });
  adapters.forEach((name, index) => {
    view.setBigUint64(adaptersAt + index * L.ADAPTER_BYTES, nameKey(name), true);
  });
  return bytes;
}

function writeParameters(view: DataView, at: number, what: string, parameters: readonly number[]): void {
  check(`parameters of ${what}`, parameters.length, L.MAX_PARAMETERS);
  parameters.forEach((parameter, slot) => {
    view.setFloat64(at + slot * 8, finite(`parameter ${slot} of ${what}`, parameter), true);
  });
}

function writeSettings(view: DataView, settings: PlanSettings): void {
  const { handler, handlerParameters, blockTokens, maxBlocks, lruBlocks, outputRatio, outputMax } = settings;
  view.setUint32(L.PLAN_HANDLER, check("handler", handler, L.HANDLER_DATA_PARALLEL, L.HANDLER_SINGLE), true);
  writeParameters(view, L.PLAN_HANDLER_PARAMETERS, "the handler", handlerParameters);
  view.setUint32(L.PLAN_BLOCK_TOKENS, check("blockTokens", blockTokens, L.MAX_BLOCK_TOKENS), true);
  view.setUint32(L.PLAN_MAX_BLOCKS, check("maxBlocks", maxBlocks, L.MAX_PROMPT_BLOCKS, 1), true);
  view.setUint32(L.PLAN_LRU_BLOCKS, check("lruBlocks", lruBlocks, 0xffffffff), true);
  view.setUint32(L.PLAN_OUTPUT_MAX, check("outputMax", outputMax, 0xffffffff), true);
  view.setFloat64(L.PLAN_OUTPUT_RATIO, finite("outputRatio", outputRatio), true);
  writeAdmission(view, settings.admission);
}

function writeAdmission(view: DataView, admission: PlanAdmission): void {
  const { detector, detectorParameters, queueBytes, queueRequests, ttl, noEndpointTtl, bands } = admission;
  const known = check("detector", detector, L.DETECTOR_CONCURRENCY, L.DETECTOR_UTILIZATION);
  view.setUint32(L.PLAN_DETECTOR, known, true);
  view.setUint32(L.PLAN_FLAGS, admission.flowControl ? L.PLAN_FLOW_CONTROL : 0, true);
  writeParameters(view, L.PLAN_DETECTOR_PARAMETERS, "the detector", detectorParameters);
  for (const slot of [0, 1]) above0(`parameter ${slot} of the detector`, detectorParameters[slot] ?? 0);
  view.setFloat64(L.PLAN_USAGE_LIMIT, above0("usageLimit", admission.usageLimit), true);
  view.setBigUint64(L.PLAN_QUEUE_BYTES, checkBytes("queueBytes", queueBytes, 0n), true);
  view.setUint32(L.PLAN_QUEUE_REQUESTS, check("queueRequests", queueRequests, 0xffffffff), true);
  view.setUint32(L.PLAN_TTL, check("ttl", ttl, 0xffffffff), true);
  view.setUint32(L.PLAN_NO_ENDPOINT_TTL, check("noEndpointTtl", noEndpointTtl, 0xffffffff), true);
  view.setUint32(L.PLAN_BANDS, bands.length, true);
}

/** @throws EncodeError where they are not what the filter's checkPlan wants of them. */
function checkBands(bands: readonly PlanBand[]): void {
  check("bands", bands.length, L.MAX_BANDS);
  for (const kind of [L.BAND_DEFAULT, L.BAND_NEGATIVE]) {
    check(`bands of kind ${kind}`, bands.filter((band) => band.kind === kind).length, 1, 1);
  }
  const exact = bands.filter(({ kind }) => kind === L.BAND_EXACT).map(({ priority }) => priority);
  const twice = exact.find((priority, index) => exact.indexOf(priority) !== index);
  if (twice !== undefined) throw new EncodeError(`priority ${twice} has two bands`);
}

function writeBand(view: DataView, at: number, band: PlanBand): void {
  const { kind, priority, maxBytes, maxRequests, fairness, order, halfLife } = band;
  const isExact = check("kind of band", kind, L.BAND_NEGATIVE) === L.BAND_EXACT;
  const most = isExact ? 0x7fffffff : 0;
  view.setInt32(at + L.BAND_PRIORITY, check("priority", priority, most, isExact ? -0x80000000 : 0), true);
  view.setUint32(at + L.BAND_KIND, kind, true);
  view.setBigUint64(at + L.BAND_MAX_BYTES, checkBytes("maxBytes", maxBytes, 1n), true);
  view.setUint32(at + L.BAND_MAX_REQUESTS, check("maxRequests", maxRequests, 0xffffffff, 1), true);
  const way = check("fairness", fairness, L.FAIRNESS_RECENT_TOKENS, L.FAIRNESS_GLOBAL_STRICT);
  view.setUint16(at + L.BAND_FAIRNESS, way, true);
  view.setUint16(at + L.BAND_ORDER, check("order", order, L.ORDER_SLO_DEADLINE, L.ORDER_FCFS), true);
  view.setFloat64(at + L.BAND_HALF_LIFE, above0("halfLife", halfLife), true);
}

/** PLAN frame. */
export function encodePlan(plan: Plan): Uint8Array {
  check("profiles", plan.profiles.length, L.MAX_PROFILES, 1);
  const steps = plan.profiles.flatMap((profile) => profile.steps);
  check("steps", steps.length, L.MAX_STEPS);
  const strings = new StringSection();
  const terms = new TermTable(strings);
  const profileNames = plan.profiles.map((profile) => strings.add(profile.name));
  const rows = steps.map((step) => ({
    step,
    name: strings.add(step.name),
    text: strings.add(step.text ?? ""),
    terms: terms.add(step.terms ?? []),
  }));
  check("terms", terms.count, L.MAX_TERMS);
  check("values", terms.values, L.MAX_VALUES);
  const { bands } = plan.settings.admission;
  checkBands(bands);
  const stepsAt = L.PLAN_BYTES + plan.profiles.length * L.PROFILE_BYTES;
  const termsAt = stepsAt + steps.length * L.STEP_BYTES;
  const bandsAt = termsAt + terms.count * L.TERM_BYTES + terms.values * L.VALUE_BYTES;
  const stringsAt = bandsAt + bands.length * L.BAND_BYTES;
  const { bytes, view } = frame(L.KIND_PLAN, stringsAt + strings.size, plan.pool, plan.epoch);
  view.setUint32(L.PLAN_PROFILES, plan.profiles.length, true);
  view.setUint32(L.PLAN_STEPS, steps.length, true);
  view.setUint32(L.PLAN_TERMS, terms.count, true);
  view.setUint32(L.PLAN_VALUES, terms.values, true);
  view.setUint32(L.PLAN_STRINGS, strings.size, true);
  writeSettings(view, plan.settings);
  let firstStep = 0;
  plan.profiles.forEach((profile, index) => {
    const at = L.PLAN_BYTES + index * L.PROFILE_BYTES;
    view.setUint32(at + L.PROFILE_FIRST_STEP, firstStep, true);
    view.setUint32(at + L.PROFILE_STEPS, profile.steps.length, true);
    view.setUint32(at + L.PROFILE_NAME_OFFSET, profileNames[index]?.offset ?? 0, true);
    view.setUint32(at + L.PROFILE_NAME_LENGTH, profileNames[index]?.length ?? 0, true);
    firstStep += profile.steps.length;
  });
  for (const [index, row] of rows.entries()) writeStep(view, stepsAt + index * L.STEP_BYTES, row);
  terms.writeTo(view, termsAt);
  for (const [index, band] of bands.entries()) writeBand(view, bandsAt + index * L.BAND_BYTES, band);
  strings.writeTo(bytes, stringsAt);
  return bytes;
}

/** POLICY frame. */
export function encodePolicy(policy: Policy): Uint8Array {
  const { objectives, rules } = policy;
  check(`number of objectives of pool ${policy.pool}`, objectives.length, L.MAX_OBJECTIVES);
  check(`number of rewrite rules of pool ${policy.pool}`, rules.length, L.MAX_RULES);
  const models = rules.flatMap((rule) => rule.models);
  const strings = new StringSection();
  const targets = rules
    .flatMap((rule) => rule.targets)
    .map(({ model, weight }) => ({ model, weight, place: strings.add(model) }));
  check(`models of the rewrite rules of pool ${policy.pool}`, models.length, L.MAX_RULE_MODELS);
  check(`targets of the rewrite rules of pool ${policy.pool}`, targets.length, L.MAX_TARGETS);
  const rulesAt = L.POLICY_BYTES + objectives.length * L.OBJECTIVE_BYTES;
  const modelsAt = rulesAt + rules.length * L.RULE_BYTES;
  const targetsAt = modelsAt + models.length * L.RULE_MODEL_BYTES;
  const stringsAt = targetsAt + targets.length * L.TARGET_BYTES;
  const { bytes, view } = frame(L.KIND_POLICY, stringsAt + strings.size, policy.pool, policy.epoch);
  view.setUint32(L.POLICY_OBJECTIVES, objectives.length, true);
  view.setUint32(L.POLICY_RULES, rules.length, true);
  view.setUint32(L.POLICY_MODELS, models.length, true);
  view.setUint32(L.POLICY_TARGETS, targets.length, true);
  view.setUint32(L.POLICY_STRINGS, strings.size, true);
  for (const [index, { name, priority, model }] of objectives.entries()) {
    const at = L.POLICY_BYTES + index * L.OBJECTIVE_BYTES;
    view.setBigUint64(at + L.OBJECTIVE_NAME, nameKey(name), true);
    view.setBigUint64(at + L.OBJECTIVE_MODEL, model === undefined ? 0n : nameKey(model), true);
    const value = check(`priority of objective ${name}`, priority, 0x7fffffff, -0x80000000);
    view.setInt32(at + L.OBJECTIVE_PRIORITY, value, true);
  }
  let [firstModel, firstTarget] = [0, 0];
  for (const [index, rule] of rules.entries()) {
    const at = rulesAt + index * L.RULE_BYTES;
    view.setUint32(at + L.RULE_MODEL_START, firstModel, true);
    view.setUint32(at + L.RULE_MODEL_COUNT, rule.models.length, true);
    view.setUint32(at + L.RULE_TARGET_START, firstTarget, true);
    view.setUint32(at + L.RULE_TARGET_COUNT, rule.targets.length, true);
    firstModel += rule.models.length;
    firstTarget += rule.targets.length;
  }
  for (const [index, model] of models.entries()) {
    view.setBigUint64(modelsAt + index * L.RULE_MODEL_BYTES, nameKey(model), true);
  }
  for (const [index, { model, weight, place }] of targets.entries()) {
    const at = targetsAt + index * L.TARGET_BYTES;
    check(`length of target model ${model}`, place.length, L.MODEL_NAME_MAX, 1);
    view.setBigUint64(at + L.TARGET_KEY, nameKey(model), true);
    view.setUint32(at + L.TARGET_MODEL_OFFSET, place.offset, true);
    view.setUint32(at + L.TARGET_MODEL_LENGTH, place.length, true);
    const share = check(`weight of target model ${model}`, weight, L.TARGET_WEIGHT_MAX, 1);
    view.setUint32(at + L.TARGET_WEIGHT, share, true);
  }
  strings.writeTo(bytes, stringsAt);
  return bytes;
}

interface Place {
  readonly offset: number;
  readonly length: number;
}

function writeStep(
  view: DataView,
  at: number,
  row: { step: PlanStep; name: Place; text: Place; terms: { start: number; count: number } },
): void {
  const { step, name, text, terms } = row;
  view.setUint16(at + L.STEP_STAGE, check("stage", step.stage, L.STAGE_PICKER, L.STAGE_FILTER), true);
  view.setUint16(at + L.STEP_PLUGIN, check("plugin", step.plugin, 0xffff, 1), true);
  view.setUint32(at + L.STEP_NAME_OFFSET, name.offset, true);
  view.setUint32(at + L.STEP_NAME_LENGTH, name.length, true);
  view.setFloat64(at + L.STEP_WEIGHT, finite(`weight of ${step.name}`, step.weight), true);
  view.setUint32(at + L.STEP_TERM_START, terms.start, true);
  view.setUint32(at + L.STEP_TERM_COUNT, terms.count, true);
  view.setUint32(at + L.STEP_TEXT_OFFSET, text.offset, true);
  view.setUint32(at + L.STEP_TEXT_LENGTH, text.length, true);
  writeParameters(view, at + L.STEP_PARAMETERS, step.name, step.parameters);
}

/** FLIGHT frame, as it travels between gateway and sidecar. */
export function encodeFlight(flight: Flight): Uint8Array {
  const { bytes, view } = frame(L.KIND_FLIGHT, L.FLIGHT_BYTES + flight.entries.length * L.FLIGHT_ENTRY_BYTES);
  view.setBigUint64(L.FLIGHT_OWNER, flight.owner, true);
  view.setUint32(L.FLIGHT_ENTRIES, flight.entries.length, true);
  flight.entries.forEach((entry, index) => {
    const at = L.FLIGHT_BYTES + index * L.FLIGHT_ENTRY_BYTES;
    view.setBigUint64(at + L.FLIGHT_KEY, entry.endpoint, true);
    view.setUint32(at + L.FLIGHT_REQUESTS, check("requests", entry.requests, 0xffffffff), true);
    view.setUint32(at + L.FLIGHT_TOKENS, check("tokens", entry.tokens, 0xffffffff), true);
    view.setUint32(at + L.FLIGHT_PREFILL, check("prefill", entry.prefill, 0xffffffff), true);
  });
  return bytes;
}

/** JOURNAL frame, as a gateway sends it; filter and sidecar copy records as bytes, this one serves tests and tools. */
export function encodeJournal(journal: Journal): Uint8Array {
  const values = journal.records.reduce((sum, record) => sum + record.values.length, 0);
  const length = L.JOURNAL_BYTES + journal.records.length * L.RECORD_BYTES + values * 8;
  const { bytes, view } = frame(L.KIND_JOURNAL, check("journal length", length, L.MAX_JOURNAL_BYTES));
  view.setBigUint64(L.JOURNAL_OWNER, journal.owner, true);
  view.setBigUint64(L.JOURNAL_FIRST, journal.first, true);
  view.setUint32(L.JOURNAL_RECORDS, journal.records.length, true);
  let at = L.JOURNAL_BYTES;
  for (const record of journal.records) {
    view.setUint16(at + L.RECORD_KIND, check("record kind", record.kind, 0xffff, 1), true);
    view.setUint16(at + L.RECORD_VALUES, check("record values", record.values.length, 0xffff), true);
    view.setBigUint64(at + L.RECORD_KEY, record.endpoint, true);
    at += L.RECORD_BYTES;
    for (const value of record.values) {
      if (typeof value === "bigint") view.setBigUint64(at, value, true);
      else view.setFloat64(at, finite("record value", value), true);
      at += 8;
    }
  }
  return bytes;
}

/** SYNC frame: every pool has been sent once on this stream. */
export function encodeSync(): Uint8Array {
  return frame(L.KIND_SYNC, L.HEADER_BYTES).bytes;
}

/** GONE frame: the pool is no more. */
export function encodeGone(pool: string): Uint8Array {
  return frame(L.KIND_GONE, L.HEADER_BYTES, pool).bytes;
}

/** BEAT frame: the sidecar lives, though it has nothing to say. */
export function encodeBeat(): Uint8Array {
  return frame(L.KIND_BEAT, L.HEADER_BYTES).bytes;
}

/** HELLO frame, as a gateway sends it; the filter builds its own, this one serves tests and tools. */
export function encodeHello(hello: Hello): Uint8Array {
  const node = new TextEncoder().encode(hello.node).subarray(0, L.HELLO_NODE_MAX);
  const { bytes, view } = frame(L.KIND_HELLO, L.HELLO_NODE + node.length);
  view.setBigUint64(L.HELLO_GATEWAY, hello.gateway, true);
  view.setUint32(L.HELLO_NODE_LENGTH, node.length, true);
  bytes.set(node, L.HELLO_NODE);
  return bytes;
}

/** WANT frame, as a gateway sends it; the filter builds its own, this one serves tests and tools. */
export function encodeWant(want: Want): Uint8Array {
  const count = check("wanted pools", want.pools.length, L.MAX_POOLS);
  const { bytes, view } = frame(L.KIND_WANT, L.WANT_BYTES + count * 8);
  view.setUint32(L.WANT_FLAGS, want.all ? L.WANT_ALL : 0, true);
  view.setUint32(L.WANT_POOLS, count, true);
  want.pools.forEach((pool, index) => {
    view.setBigUint64(L.WANT_BYTES + index * 8, pool, true);
  });
  return bytes;
}

/** ACK frame, as a gateway sends it; the filter builds its own, this one serves tests and tools. */
export function encodeAck(ack: Ack): Uint8Array {
  const { bytes, view } = frame(L.KIND_ACK, L.ACK_BYTES);
  view.setBigUint64(L.ACK_SEQUENCE, ack.sequence, true);
  view.setUint32(L.ACK_ACCEPTED, ack.accepted, true);
  view.setUint32(L.ACK_REFUSED, ack.refused, true);
  view.setUint32(L.ACK_REASON, ack.reason, true);
  return bytes;
}
