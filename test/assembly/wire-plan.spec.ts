import {
  checkPlan, planBlockTokens, planLruBlocks, planMaxBlocks, profileFirstStep, profileRow, profileSteps, stepParameter, stepPlugin, stepRow, stepWeight,
} from "../../assembly/wire/plan.ts";
import {
  bandFairness, bandHalfLife, bandKind, bandMaxBytes, bandMaxRequests, bandOrder, bandPriority, bandRow, detectorParameter,
  planBands, planDetector, planFlowControl, planNoEndpointTtl, planQueueBytes, planQueueRequests, planTtl, planUsageLimit,
} from "../../assembly/wire/admission.ts";
import {
  ACCEPTED, BAND_DEFAULT, BAND_EXACT, BAND_FAIRNESS, BAND_HALF_LIFE, BAND_KIND, BAND_MAX_BYTES, BAND_MAX_REQUESTS,
  BAND_NEGATIVE, BAND_ORDER, BAND_PRIORITY, DETECTOR_CONCURRENCY, DETECTOR_UTILIZATION, FAIRNESS_GLOBAL_STRICT,
  FAIRNESS_RECENT_TOKENS, FAIRNESS_ROUND_ROBIN, ORDER_EDF, ORDER_FCFS, ORDER_SLO_DEADLINE, PLAN_BANDS, PLAN_DETECTOR,
  PLAN_DETECTOR_PARAMETERS, PLAN_FLAGS, PLAN_USAGE_LIMIT,
  HEADER_LENGTH, HEADER_POOL, MAX_PROFILES, MAX_STEPS, PLAN_BYTES, PLAN_PROFILES, PLAN_STEPS, PLAN_STRINGS, PLAN_TERMS,
  PLAN_VALUES,
  PLUGIN_KV_CACHE_UTILIZATION_SCORER, PLUGIN_MAX_SCORE_PICKER, PLUGIN_QUEUE_SCORER, PLUGIN_RANDOM_PICKER,
  PLUGIN_RUNNING_REQUESTS_SIZE_SCORER, PROFILE_BYTES, PROFILE_FIRST_STEP, PROFILE_NAME_LENGTH, PROFILE_NAME_OFFSET,
  PROFILE_STEPS, REFUSED_LENGTH, REFUSED_REFERENCE, REFUSED_VALUE, STAGE_FILTER, STAGE_PICKER, STAGE_SCORER, STEP_BYTES,
  STEP_NAME_LENGTH, STEP_NAME_OFFSET, STEP_PARAMETERS, STEP_PLUGIN, STEP_STAGE, STEP_WEIGHT,
} from "../../wire/layout.ts";
import { Frame, golden } from "./golden.ts";

const one = golden("plan-default");
const two = golden("plan-two-profiles"); // of four steps and of one
const flow = golden("plan-flow"); // five bands: three exact, the default, the negative
const STRINGS = load<u32>(two.at, PLAN_STRINGS);

function check(frame: Frame): i32 {
  return checkPlan(frame.at, frame.length);
}

function profileField(profile: u32, field: u32): u32 {
  return PLAN_BYTES + profile * PROFILE_BYTES + field;
}

function stepField(step: u32, field: u32): u32 {
  return PLAN_BYTES + 2 * PROFILE_BYTES + step * STEP_BYTES + field;
}

function textOf(offsetField: u32, lengthField: u32): string {
  const strings = two.at + PLAN_BYTES + 2 * PROFILE_BYTES + 5 * STEP_BYTES + 2 * 32; // two bands
  return String.UTF8.decodeUnsafe(strings + load<u32>(two.at + offsetField), load<u32>(two.at + lengthField));
}

function expectReferenceChecked(offsetField: u32, lengthField: u32): void {
  const length = load<u32>(two.at + lengthField);
  const offsets: u32[] = [STRINGS - length + 1, 0x80000000, u32.MAX_VALUE - length + 1, u32.MAX_VALUE];
  for (let i = 0; i < offsets.length; i++) {
    expect(check(two.with32(offsetField, offsets[i]))).toBe(REFUSED_REFERENCE, "offset " + offsets[i].toString());
  }
  expect(check(two.with32(lengthField, STRINGS + 1))).toBe(REFUSED_REFERENCE);
  expect(check(two.with32(lengthField, u32.MAX_VALUE))).toBe(REFUSED_REFERENCE);
}

// A step turned into another plugin of another stage.
function withStep(frame: Frame, step: u32, stage: i32, plugin: i32): Frame {
  return frame.with16(stepField(step, STEP_STAGE), u16(stage)).with16(stepField(step, STEP_PLUGIN), u16(plugin));
}

function bandField(band: u32, field: u32): u32 {
  return u32(bandRow(flow.at, band) - flow.at) + field;
}

describe("a plan's admission", () => {
  it("is read as it was meant", () => {
    expect(check(flow)).toBe(ACCEPTED);
    expect(planDetector(one.at)).toBe(DETECTOR_UTILIZATION);
    expect(detectorParameter(one.at, 0)).toBe(5);
    expect(detectorParameter(one.at, 1)).toBe(0.8);
    expect(detectorParameter(one.at, 2)).toBe(200);
    expect(planFlowControl(one.at)).toBe(false);
    expect(planBands(one.at)).toBe(2);
    expect(planTtl(one.at)).toBe(60000);
    expect(planDetector(flow.at)).toBe(DETECTOR_CONCURRENCY);
    expect(detectorParameter(flow.at, 3)).toBe(2);
    expect(planFlowControl(flow.at)).toBe(true);
    expect(planUsageLimit(flow.at)).toBe(0.9);
    expect(planQueueBytes(flow.at)).toBe(u64.MAX_VALUE);
    expect(planQueueRequests(flow.at)).toBe(10000);
    expect(planTtl(flow.at)).toBe(30000);
    expect(planNoEndpointTtl(flow.at)).toBe(u32.MAX_VALUE);
    expect(planBands(flow.at)).toBe(5);
    const first = bandRow(flow.at, 0);
    expect(bandKind(first)).toBe(BAND_EXACT);
    expect(bandPriority(first)).toBe(i32.MAX_VALUE);
    expect(bandMaxBytes(first)).toBe(1);
    expect(bandMaxRequests(first)).toBe(u32.MAX_VALUE);
    expect(bandFairness(first)).toBe(FAIRNESS_RECENT_TOKENS);
    expect(bandOrder(first)).toBe(ORDER_SLO_DEADLINE);
    expect(bandHalfLife(first)).toBe(0.5);
    expect(bandPriority(bandRow(flow.at, 1))).toBe(i32.MIN_VALUE);
    expect(bandMaxBytes(bandRow(flow.at, 1))).toBe(1000000000);
    expect(bandOrder(bandRow(flow.at, 1))).toBe(ORDER_EDF);
    expect(bandFairness(bandRow(flow.at, 2))).toBe(FAIRNESS_ROUND_ROBIN);
    expect(bandKind(bandRow(flow.at, 3))).toBe(BAND_DEFAULT);
    expect(bandFairness(bandRow(flow.at, 3))).toBe(FAIRNESS_GLOBAL_STRICT);
    expect(bandOrder(bandRow(flow.at, 3))).toBe(ORDER_FCFS);
    expect(bandKind(bandRow(flow.at, 4))).toBe(BAND_NEGATIVE);
    expect(bandMaxRequests(bandRow(flow.at, 4))).toBe(7);
  });

  it("is refused at any other length and for counts that it does not have", () => {
    for (let length: u32 = 32; length < flow.length; length++) {
      const cut = flow.with32(HEADER_LENGTH, length);
      expect(checkPlan(cut.at, length)).toBe(REFUSED_LENGTH, length.toString());
    }
    const counts: u32[] = [0, 4, 6, 65, 0x08000005, 0x80000000, u32.MAX_VALUE];
    for (let i = 0; i < counts.length; i++) {
      expect(check(flow.with32(PLAN_BANDS, counts[i]))).toBe(REFUSED_LENGTH, counts[i].toString());
    }
  });

  it("is refused for a detector, a flag, a fairness or an order there is not", () => {
    expect(check(flow.with32(PLAN_DETECTOR, 0))).toBe(REFUSED_VALUE);
    expect(check(flow.with32(PLAN_DETECTOR, 3))).toBe(REFUSED_VALUE);
    expect(check(flow.with32(PLAN_FLAGS, 2))).toBe(REFUSED_VALUE);
    for (let band: u32 = 0; band < 5; band++) {
      expect(check(flow.with16(bandField(band, BAND_FAIRNESS), 0))).toBe(REFUSED_VALUE);
      expect(check(flow.with16(bandField(band, BAND_FAIRNESS), 4))).toBe(REFUSED_VALUE);
      expect(check(flow.with16(bandField(band, BAND_ORDER), 0))).toBe(REFUSED_VALUE);
      expect(check(flow.with16(bandField(band, BAND_ORDER), 4))).toBe(REFUSED_VALUE);
    }
  });

  it("is refused for numbers that are not above 0, or not finite", () => {
    const values: f64[] = [0, -1, NaN, Infinity, -Infinity];
    for (let i = 0; i < values.length; i++) {
      const bits = reinterpret<u64>(values[i]);
      expect(check(flow.with64(PLAN_USAGE_LIMIT, bits))).toBe(REFUSED_VALUE);
      expect(check(flow.with64(PLAN_DETECTOR_PARAMETERS, bits))).toBe(REFUSED_VALUE);
      expect(check(flow.with64(PLAN_DETECTOR_PARAMETERS + 8, bits))).toBe(REFUSED_VALUE);
      expect(check(flow.with64(bandField(4, BAND_HALF_LIFE), bits))).toBe(REFUSED_VALUE);
      if (i < 2) continue; // any finite number will do
      expect(check(flow.with64(PLAN_DETECTOR_PARAMETERS + 56, bits))).toBe(REFUSED_VALUE);
    }
    expect(check(flow.with64(bandField(2, BAND_MAX_BYTES), 0))).toBe(REFUSED_VALUE);
    expect(check(flow.with32(bandField(2, BAND_MAX_REQUESTS), 0))).toBe(REFUSED_VALUE);
  });

  it("has one default band, one for negative priorities, and one for each priority that is named", () => {
    expect(check(flow.with32(bandField(3, BAND_KIND), BAND_EXACT))).toBe(REFUSED_VALUE, "no default, and 0 twice");
    expect(check(flow.with32(bandField(3, BAND_KIND), BAND_NEGATIVE))).toBe(REFUSED_VALUE, "two negative");
    expect(check(flow.with32(bandField(2, BAND_KIND), BAND_DEFAULT))).toBe(REFUSED_VALUE, "two defaults");
    expect(check(flow.with32(bandField(4, BAND_KIND), 3))).toBe(REFUSED_VALUE, "a kind there is not");
    expect(check(flow.with32(bandField(3, BAND_PRIORITY), 1))).toBe(REFUSED_VALUE, "a priority of the default");
    expect(check(flow.with32(bandField(2, BAND_PRIORITY), i32.MAX_VALUE))).toBe(REFUSED_VALUE, "one twice");
    expect(check(flow.with32(bandField(2, BAND_PRIORITY), 1))).toBe(ACCEPTED);
  });
});

describe("a plan", () => {
  it("is accepted and read as it was meant", () => {
    expect(check(one)).toBe(ACCEPTED);
    expect(check(two)).toBe(ACCEPTED);
    expect(profileFirstStep(profileRow(two.at, 0))).toBe(0);
    expect(profileSteps(profileRow(two.at, 0))).toBe(4);
    expect(profileFirstStep(profileRow(two.at, 1))).toBe(4);
    expect(profileSteps(profileRow(two.at, 1))).toBe(1);
    expect(textOf(profileField(0, PROFILE_NAME_OFFSET), profileField(0, PROFILE_NAME_LENGTH))).toBe("décode");
    expect(textOf(profileField(1, PROFILE_NAME_OFFSET), profileField(1, PROFILE_NAME_LENGTH))).toBe("any");
    expect(textOf(stepField(2, STEP_NAME_OFFSET), stepField(2, STEP_NAME_LENGTH))).toBe("running");
    expect(stepPlugin(stepRow(two.at, 0))).toBe(PLUGIN_QUEUE_SCORER);
    expect(stepWeight(stepRow(two.at, 0))).toBe(0.5);
    expect(stepPlugin(stepRow(two.at, 1))).toBe(PLUGIN_KV_CACHE_UTILIZATION_SCORER);
    expect(stepPlugin(stepRow(two.at, 2))).toBe(PLUGIN_RUNNING_REQUESTS_SIZE_SCORER);
    expect(stepWeight(stepRow(two.at, 2))).toBe(3);
    expect(stepPlugin(stepRow(two.at, 3))).toBe(PLUGIN_MAX_SCORE_PICKER);
    expect(stepParameter(stepRow(two.at, 3), 0)).toBe(16);
    expect(stepPlugin(stepRow(two.at, 4))).toBe(PLUGIN_RANDOM_PICKER);
    for (let slot: u32 = 0; slot < 4; slot++) expect(stepParameter(stepRow(two.at, 4), slot)).toBe(slot + 1);
    expect(planBlockTokens(two.at)).toBe(64);
    expect(planMaxBlocks(two.at)).toBe(256);
    expect(planLruBlocks(two.at)).toBe(31250);
  });

  it("is refused at any other length, though the length field agrees", () => {
    for (let length: u32 = 32; length < two.length; length++) {
      const cut = two.with32(HEADER_LENGTH, length);
      expect(checkPlan(cut.at, length)).toBe(REFUSED_LENGTH, length.toString());
    }
    expect(checkPlan(two.at, two.length + 1)).toBe(REFUSED_LENGTH);
  });

  it("is refused for counts that its length does not have", () => {
    const counts: u32[] = [0, 1, 3, MAX_PROFILES + 1, MAX_STEPS + 1, 0x10000002, 0x80000000, u32.MAX_VALUE];
    for (let i = 0; i < counts.length; i++) {
      expect(check(two.with32(PLAN_PROFILES, counts[i]))).toBe(REFUSED_LENGTH, counts[i].toString());
      expect(check(two.with32(PLAN_STEPS, counts[i]))).toBe(REFUSED_LENGTH, counts[i].toString());
      expect(check(two.with32(PLAN_STRINGS, counts[i]))).toBe(REFUSED_LENGTH, counts[i].toString());
      if (counts[i] == 0) continue; // it has none
      expect(check(two.with32(PLAN_TERMS, counts[i]))).toBe(REFUSED_LENGTH, counts[i].toString());
      expect(check(two.with32(PLAN_VALUES, counts[i]))).toBe(REFUSED_LENGTH, counts[i].toString());
    }
  });

  it("is refused without a pool", () => {
    expect(check(two.with64(HEADER_POOL, 0))).toBe(REFUSED_VALUE);
  });

  it("is refused for texts outside its strings", () => {
    for (let i: u32 = 0; i < 2; i++) {
      expectReferenceChecked(profileField(i, PROFILE_NAME_OFFSET), profileField(i, PROFILE_NAME_LENGTH));
    }
    for (let i: u32 = 0; i < 5; i++) {
      expectReferenceChecked(stepField(i, STEP_NAME_OFFSET), stepField(i, STEP_NAME_LENGTH));
    }
  });

  it("is refused for steps outside its table", () => {
    expect(check(two.with32(profileField(0, PROFILE_STEPS), 6))).toBe(REFUSED_REFERENCE);
    expect(check(two.with32(profileField(0, PROFILE_STEPS), u32.MAX_VALUE))).toBe(REFUSED_REFERENCE);
    expect(check(two.with32(profileField(1, PROFILE_FIRST_STEP), 5))).toBe(REFUSED_REFERENCE);
    expect(check(two.with32(profileField(1, PROFILE_FIRST_STEP), u32.MAX_VALUE))).toBe(REFUSED_REFERENCE);
    expect(check(two.with32(profileField(0, PROFILE_FIRST_STEP), u32.MAX_VALUE - 3))).toBe(REFUSED_REFERENCE);
  });

  it("is refused for a profile that is not scorers and then one picker", () => {
    expect(check(two.with32(profileField(1, PROFILE_STEPS), 0))).toBe(REFUSED_VALUE, "no step");
    expect(check(two.with32(profileField(0, PROFILE_STEPS), 3))).toBe(REFUSED_VALUE, "no picker");
    expect(check(two.with32(profileField(0, PROFILE_STEPS), 5))).toBe(REFUSED_VALUE, "two pickers");
    const early = withStep(two, 1, STAGE_PICKER, PLUGIN_RANDOM_PICKER);
    expect(check(early)).toBe(REFUSED_VALUE, "a picker before a scorer");
    const last = withStep(two, 4, STAGE_SCORER, PLUGIN_QUEUE_SCORER);
    expect(check(last)).toBe(REFUSED_VALUE, "a scorer at the end");
  });

  it("may have profiles that share their steps", () => {
    const shared = two.with32(profileField(1, PROFILE_FIRST_STEP), 1).with32(profileField(1, PROFILE_STEPS), 3);
    expect(check(shared)).toBe(ACCEPTED);
  });

  it("is refused for a plugin that this filter has not, or has at another stage", () => {
    const plugins: u16[] = [0, 31, 63, 127, 256, 65535];
    for (let i = 0; i < plugins.length; i++) {
      expect(check(two.with16(stepField(0, STEP_PLUGIN), plugins[i]))).toBe(REFUSED_VALUE, plugins[i].toString());
    }
    const stages: i32[] = [0, STAGE_FILTER, STAGE_PICKER, 4, 65535];
    for (let i = 0; i < stages.length; i++) {
      expect(check(two.with16(stepField(0, STEP_STAGE), u16(stages[i])))).toBe(REFUSED_VALUE, stages[i].toString());
    }
    expect(check(withStep(two, 0, 0, 0))).toBe(REFUSED_VALUE, "stage 0 of a plugin without a stage");
  });

  it("is refused for weights and parameters that are not finite", () => {
    const values: f64[] = [NaN, Infinity, -Infinity];
    for (let i = 0; i < values.length; i++) {
      const bits = reinterpret<u64>(values[i]);
      for (let step: u32 = 0; step < 5; step++) {
        expect(check(two.with64(stepField(step, STEP_WEIGHT), bits))).toBe(REFUSED_VALUE);
        for (let slot: u32 = 0; slot < 8; slot++) {
          expect(check(two.with64(stepField(step, STEP_PARAMETERS + slot * 8), bits))).toBe(REFUSED_VALUE);
        }
      }
    }
    expect(check(two.with64(stepField(0, STEP_WEIGHT), reinterpret<u64>(-2.5)))).toBe(ACCEPTED);
  });
});
