import { above0, check, checkBytes, EncodeError, finite, frame } from "./encode-frame.ts";
import { LimitTable } from "./encode-limits.ts";
import * as L from "./layout.ts";
import type { Plan, PlanAdmission, PlanBand, PlanSampling, PlanSettings, PlanStep } from "./model.ts";
import { StringSection, TermTable } from "./strings.ts";

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
  writeSampling(view, settings.sampling);
}

function writeSampling(view: DataView, sampling: PlanSampling | undefined): void {
  if (sampling === undefined) return;
  const { sampler, ratio } = sampling;
  if (!(ratio >= 0 && ratio <= 1)) throw new EncodeError(`ratio of sampling is ${ratio}, not from 0 to 1`);
  view.setUint32(L.PLAN_SAMPLER, check("sampler", sampler, L.SAMPLER_RATIO, L.SAMPLER_PARENT), true);
  view.setFloat64(L.PLAN_SAMPLER_RATIO, ratio, true);
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
  const limits = new LimitTable(plan.settings.limits, strings);
  const { bands } = plan.settings.admission;
  checkBands(bands);
  const stepsAt = L.PLAN_BYTES + plan.profiles.length * L.PROFILE_BYTES;
  const termsAt = stepsAt + steps.length * L.STEP_BYTES;
  const bandsAt = termsAt + terms.count * L.TERM_BYTES + terms.values * L.VALUE_BYTES;
  const limitsAt = bandsAt + bands.length * L.BAND_BYTES;
  const stringsAt = limitsAt + limits.bytes;
  const { bytes, view } = frame(L.KIND_PLAN, stringsAt + strings.size, plan.pool, plan.epoch);
  view.setUint32(L.PLAN_PROFILES, plan.profiles.length, true);
  view.setUint32(L.PLAN_STEPS, steps.length, true);
  view.setUint32(L.PLAN_TERMS, terms.count, true);
  view.setUint32(L.PLAN_VALUES, terms.values, true);
  view.setUint32(L.PLAN_STRINGS, strings.size, true);
  view.setUint32(L.PLAN_LIMITS, limits.count, true);
  view.setUint32(L.PLAN_LIMIT_MODELS, limits.models, true);
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
  limits.writeTo(view, limitsAt);
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
