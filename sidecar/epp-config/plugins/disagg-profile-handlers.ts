import {
  DECIDER_ALWAYS,
  DECIDER_MULTIMODAL,
  DECIDER_NEVER,
  DECIDER_PREFIX,
  HANDLER_DISAGG,
} from "../../../wire/layout.ts";
import { counting, integer, type Place, show, taking } from "../../support/fields.ts";
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

const stageOrder = taking('"decode-first"', (value: unknown, place: Place): "decode-first" | undefined => {
  const order = typeof value === "string" ? value.toLowerCase().replaceAll(/[-_]/g, "") : undefined;
  if (order === "" || order === "decode" || order === "decodefirst") return "decode-first";
  if (order === "prefill" || order === "prefillfirst") {
    return place.refuse("prefill-first is known, but this version does not have it; it has decode-first");
  }
  return place.expect('"decode-first"', value);
});

const PROFILE_ABOUT = {
  decode: "the profile that picks who decodes",
  prefill: "the profile that picks who prefills",
  encode: "the profile that picks who encodes",
} as const;
const DECIDER_ABOUT = {
  prefill: "the decider about prefill; none: never elsewhere",
  encode: "the decider about encode; none: never elsewhere",
} as const;

/** The name of a stage's profile, and that of its decider, in any of their places. */
const named = (stage: keyof typeof PROFILE_ABOUT) => optional(PROFILE_ABOUT[stage], anyText);
const decidedBy = (stage: keyof typeof DECIDER_ABOUT) => optional(DECIDER_ABOUT[stage], pluginName);
/** The flat names of older versions. */
const OLD = "older name of";

/** The flat parameters of older versions, each with its place in the newer form. */
const FLAT = {
  decodeProfile: ["profiles", "decode"],
  prefillProfile: ["profiles", "prefill"],
  encodeProfile: ["profiles", "encode"],
  prefillDeciderPluginName: ["deciders", "prefill"],
  deciderPluginName: ["deciders", "prefill"],
  encodeDeciderPluginName: ["deciders", "encode"],
} as const;

/** Several endpoints for a request. */
export const disaggProfileHandler = plugin({
  type: "disagg-profile-handler",
  about: "Picks an endpoint that decodes, then others that encode and prefill, where the deciders say so.",
  stage: "profile handler",
  shape: {
    stageOrder: withDefault("which stage is decided first; prefill-first is not there", stageOrder, "decode-first"),
    profiles: optional(
      "profiles of the stages, each called as its stage where it is left out",
      record({ decode: named("decode"), prefill: named("prefill"), encode: named("encode") }),
    ),
    deciders: optional(
      "who decides what is done elsewhere",
      record({ prefill: decidedBy("prefill"), encode: decidedBy("encode") }),
    ),
    decodeProfile: optional(`${OLD} profiles.decode`, anyText),
    prefillProfile: optional(`${OLD} profiles.prefill`, anyText),
    encodeProfile: optional(`${OLD} profiles.encode`, anyText),
    prefillDeciderPluginName: optional(`${OLD} deciders.prefill`, pluginName),
    deciderPluginName: optional(`${OLD} deciders.prefill`, pluginName),
    encodeDeciderPluginName: optional(`${OLD} deciders.encode`, pluginName),
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

/** The older handler. Its first versions had no deciders: they always prefilled elsewhere, or by `threshold`. */
export const pdProfileHandler = plugin({
  type: "pd-profile-handler",
  about: "The same without encode, by its older name. Without a decider it always prefills elsewhere.",
  stage: "profile handler",
  shape: {
    decodeProfile: withDefault(PROFILE_ABOUT.decode, anyText, PROFILES.decode),
    prefillProfile: withDefault(PROFILE_ABOUT.prefill, anyText, PROFILES.prefill),
    deciderPluginName: optional(
      "the decider about prefill; a `prefix-based-pd-decider` that there is where it is left out",
      pluginName,
    ),
    threshold: optional(
      "in place of a decider: prefills elsewhere from that many on that are not cached; 0: always",
      counting("characters", integer(0)),
    ),
    primaryPort: withDefault(
      "port that requests are sent to, the picked one going out in a header; 0: the picked one",
      integer(0, 65_535),
      0,
    ),
    prefixPluginType: idle("the plugin that knows prefixes", anyText),
    prefixPluginName: idle("the plugin that knows prefixes", anyText),
    hashBlockSize: idle("block size of old prefix plugins", counting("characters", integer(0))),
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
