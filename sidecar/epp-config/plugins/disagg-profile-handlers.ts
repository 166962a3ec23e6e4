import {
  DECIDER_ALWAYS,
  DECIDER_MULTIMODAL,
  DECIDER_NEVER,
  DECIDER_PREFIX,
  HANDLER_DISAGG,
} from "../../../wire/layout.ts";
import { integer, type Place, show } from "../../support/fields.ts";
import { nearest } from "../../support/suggest.ts";
import { anyText } from "../readers.ts";
import { idle, optional, pluginName, record, reference, withDefault } from "../shape.ts";
import { type Decision, type HandlerSettings, plugin, type Surroundings } from "./plugin.ts";

const PROFILES = { decode: "decode", prefill: "prefill", encode: "encode" } as const;
const NEVER: Decision = { decider: DECIDER_NEVER, nonCachedTokens: 0, promptTokens: 0 };
const PREFIX_DECIDER = "prefix-based-pd-decider";
/** Estimate of the reference, for limits that were once counted in characters. */
const CHARACTERS_PER_TOKEN = 4;

/** Who runs when, however the parameters say it. */
interface Stages {
  readonly profiles: { readonly decode: string; readonly prefill: string; readonly encode: string };
  readonly prefill: Decision | undefined;
  readonly encode: Decision | undefined;
  readonly primaryPort: number;
}

/** The parameters that name a stage's profile, and those that name its decider, the one that wins first. */
const PROFILE_FIELDS = {
  decode: ["profiles.decode", "decodeProfile"],
  prefill: ["profiles.prefill", "prefillProfile"],
  encode: ["profiles.encode", "encodeProfile"],
} as const;
const DECIDER_FIELDS = {
  prefill: ["deciders.prefill", "prefillDeciderPluginName", "deciderPluginName"],
  encode: ["deciders.encode", "encodeDeciderPluginName"],
} as const;

/** Where a parameter names a stage's profile that is not there, and what to say of it; undefined: none names it. */
function missingProfile(
  stage: keyof typeof PROFILE_FIELDS,
  { profiles }: Stages,
  around: Surroundings,
): { place: Place; message: string } | undefined {
  const place = around.parameter(...PROFILE_FIELDS[stage]);
  if (place === undefined) return undefined;
  const name = profiles[stage];
  const taken = Object.values(profiles);
  const near = nearest(
    name,
    around.profiles.filter((other) => !taken.includes(other)),
  );
  const hint = near === undefined ? `known are ${around.profiles.join(", ")}` : `did you mean ${show(near)}?`;
  return { place, message: `there is no profile ${show(name)}, ${hint}` };
}

function warnOfUnused(stages: Stages, around: Surroundings): void {
  const { profiles, prefill, encode } = stages;
  const { place } = around;
  for (const [stage, decision] of [["prefill", prefill] as const, ["encode", encode] as const]) {
    const name = profiles[stage];
    const there = around.profile(name) >= 0;
    if (there && decision === undefined) place.warn(`profile ${name} never runs: there is no decider for ${stage}`);
    // A default that is written out and that nothing asks for is no mistake.
    if (there || (decision === undefined && name === PROFILES[stage])) continue;
    const missing = missingProfile(stage, stages, around);
    if (missing !== undefined) missing.place.warn(missing.message);
    else if (decision !== undefined) {
      place.warn(`the decider for ${stage} has no effect: there is no profile ${name}`);
    }
  }
  for (const name of around.profiles) {
    if (!Object.values(profiles).includes(name)) place.warn(`profile ${name} never runs: it is in no stage`);
  }
}

function settle(stages: Stages, around: Surroundings): HandlerSettings {
  const { profiles, prefill = NEVER, encode = NEVER, primaryPort } = stages;
  const decode = around.profile(profiles.decode);
  if (decode < 0) {
    const { place, message } = missingProfile("decode", stages, around) ?? {
      place: around.place,
      message: `there is no profile ${profiles.decode}, which decodes`,
    };
    place.refuse(message);
  }
  warnOfUnused(stages, around);
  return {
    handler: HANDLER_DISAGG,
    handlerParameters: [
      decode,
      around.profile(profiles.prefill),
      around.profile(profiles.encode),
      prefill.decider,
      prefill.nonCachedTokens,
      prefill.promptTokens,
      encode.decider,
      primaryPort,
    ],
  };
}

/** A decider of a stage, where the stage can have it. */
function deciderOf(around: Surroundings, name: string | undefined, stage: "prefill" | "encode"): Decision | undefined {
  const place = around.parameter(...DECIDER_FIELDS[stage]) ?? around.place;
  const decision = name === undefined ? undefined : around.decider(name, place);
  const other = stage === "prefill" ? DECIDER_MULTIMODAL : DECIDER_PREFIX;
  if (decision?.decider === other) {
    place.refuse(`${name} decides about ${stage === "prefill" ? "encode" : "prefill"} only in this version`);
  }
  return decision;
}

function stageOrder(value: unknown, place: Place): "decode-first" | undefined {
  const order = typeof value === "string" ? value.toLowerCase().replaceAll(/[-_]/g, "") : undefined;
  if (order === "" || order === "decode" || order === "decodefirst") return "decode-first";
  if (order === "prefill" || order === "prefillfirst") {
    return place.refuse("prefill-first is known, but this version does not have it; it has decode-first");
  }
  return place.expect('"decode-first"', value);
}

const name = optional(anyText);
const decider = optional(pluginName);

/** The flat parameters of older versions, each with its place in the newer form. */
const FLAT = {
  decodeProfile: ["profiles", "decode"],
  prefillProfile: ["profiles", "prefill"],
  encodeProfile: ["profiles", "encode"],
  prefillDeciderPluginName: ["deciders", "prefill"],
  deciderPluginName: ["deciders", "prefill"],
  encodeDeciderPluginName: ["deciders", "encode"],
} as const;

/** Runs decode, then encode and prefill on other endpoints where deciders say so. */
export const disaggProfileHandler = plugin({
  type: "disagg-profile-handler",
  stage: "profile handler",
  shape: {
    stageOrder: withDefault(stageOrder, "decode-first"),
    profiles: optional(record({ decode: name, prefill: name, encode: name })),
    deciders: optional(record({ prefill: decider, encode: decider })),
    decodeProfile: name,
    prefillProfile: name,
    encodeProfile: name,
    prefillDeciderPluginName: decider,
    deciderPluginName: decider,
    encodeDeciderPluginName: decider,
  },
  check(values, place) {
    const flat = Object.keys(FLAT).filter((key) => Object.hasOwn(values, key)) as (keyof typeof FLAT)[];
    if (flat.length > 0 && (values.profiles !== undefined || values.deciders !== undefined)) {
      place.refuse(`${flat.join(" and ")} cannot stand beside profiles and deciders, which say the same`);
    }
    const profiles: Record<string, string> = { ...PROFILES };
    const deciders: Record<string, string> = {};
    for (const [stage, named] of Object.entries(values.profiles ?? {})) if (named) profiles[stage] = named;
    Object.assign(deciders, values.deciders);
    for (const key of flat) {
      const [group, stage] = FLAT[key];
      const target = group === "profiles" ? profiles : deciders;
      // prefillDeciderPluginName comes before deciderPluginName, and wins.
      if (values[key] && (group === "profiles" || target[stage] === undefined)) target[stage] = values[key];
    }
    return { stageOrder: values.stageOrder, profiles, deciders } as typeof values;
  },
  handle(values, around) {
    const profiles = values.profiles as Stages["profiles"];
    const { deciders } = values;
    return settle(
      {
        profiles,
        prefill: deciderOf(around, deciders?.prefill, "prefill"),
        encode: deciderOf(around, deciders?.encode, "encode"),
        primaryPort: 0,
      },
      around,
    );
  },
});

/**
 * The older handler, without encode. Its first versions had no deciders: they always prefilled elsewhere, or from
 * `threshold` characters on that were not cached.
 */
export const pdProfileHandler = plugin({
  type: "pd-profile-handler",
  stage: "profile handler",
  shape: {
    decodeProfile: withDefault(anyText, PROFILES.decode),
    prefillProfile: withDefault(anyText, PROFILES.prefill),
    deciderPluginName: decider,
    threshold: optional(integer(0)),
    primaryPort: withDefault(integer(0, 65_535), 0),
    prefixPluginType: idle(anyText),
    prefixPluginName: idle(anyText),
    hashBlockSize: idle(integer(0)),
    prefixMatchInfoProducerName: reference("approx-prefix-cache-producer"),
  },
  check(values, place) {
    if (values.threshold !== undefined && values.deciderPluginName !== undefined) {
      place.at("threshold").refuse("cannot stand beside deciderPluginName, which says the same");
    }
    return values;
  },
  handle(values, around) {
    const { threshold, decodeProfile, prefillProfile, primaryPort } = values;
    const named = values.deciderPluginName ?? (around.has(PREFIX_DECIDER) ? PREFIX_DECIDER : undefined);
    const byThreshold: Decision = {
      decider: threshold ? DECIDER_PREFIX : DECIDER_ALWAYS,
      nonCachedTokens: Math.ceil((threshold ?? 0) / CHARACTERS_PER_TOKEN),
      promptTokens: 0,
    };
    const decides = threshold === undefined && named !== undefined;
    const prefill = decides ? deciderOf(around, named, "prefill") : byThreshold;
    return settle(
      {
        profiles: { decode: decodeProfile, prefill: prefillProfile, encode: "" },
        prefill,
        encode: undefined,
        primaryPort,
      },
      around,
    );
  },
});
