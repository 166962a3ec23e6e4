import { flag, integer, number } from "../../support/fields.ts";
import { checkPrefixValues, prefixShape } from "../prefix-settings.ts";
import { anyMapping, anyText, word } from "../readers.ts";
import { idle, optional, reference, withDefault } from "../shape.ts";
import { type PluginDescriptor, plugin } from "./plugin.ts";

/** Remembers which prompt blocks each endpoint holds, by what was sent there. */
export const approxPrefixCacheProducer = plugin({
  type: "approx-prefix-cache-producer",
  stage: "data producer",
  shape: prefixShape,
  check: checkPrefixValues,
});

/**
 * Counts requests and tokens in flight. In the older API group it always counts estimated output tokens; in the
 * newer one where addEstimatedOutputTokens says so.
 */
export const inflightLoadProducer = plugin({
  type: "inflight-load-producer",
  stage: "data producer",
  shape: (group) => ({
    addEstimatedOutputTokens: withDefault(flag, group !== "llm-d.ai"),
    outputRatio: withDefault(number({ min: 0 }), 1.5),
    maxEstimatedOutputTokens: optional(integer(0, 0xffff_ffff)),
    prefixMatchInfoProducerName: reference("approx-prefix-cache-producer"),
    syncCrossReplicaState: idle(flag, true),
  }),
});

/** Predicts latencies. Here the filter learns them itself, and what is about the reference's service has no effect. */
export const predictedLatencyProducer = plugin({
  type: "predicted-latency-producer",
  stage: "data producer",
  shape: {
    samplingMean: idle(number(), 1000),
    maxDecodeTokenSamplesForPrediction: idle(integer(), 0),
    sloBufferFactor: idle(number({ over: 0 }), 1),
    // A duration in nanoseconds, as Go writes one that has no format of its own.
    contextTTL: idle(integer(0), 300_000_000_000),
    streamingMode: idle(flag, false),
    endpointRoleLabel: idle(anyText),
    predictInProduce: idle(flag, true),
    predictInPrepareData: idle(flag, true),
    useEncoderCacheFeatures: idle(flag, false),
    encoderCacheMatchInfoProducerName: idle(word),
    prefixMatchInfoProducerName: reference("approx-prefix-cache-producer"),
    inFlightLoadProducerName: reference("inflight-load-producer"),
  },
});

function tokens(type: string): PluginDescriptor {
  return plugin({
    type,
    stage: "data producer",
    shape: {
      modelName: idle(word),
      vllm: idle(anyMapping),
      estimate: idle(anyMapping),
      udsTokenizerConfig: idle(anyMapping),
    },
    check(values, place) {
      const backends = (["estimate", "vllm", "udsTokenizerConfig"] as const).filter((name) => values[name]);
      if (backends.length > 1) place.refuse(`${backends.join(" and ")} cannot stand together`);
      if ((values.vllm || values.udsTokenizerConfig) && !values.modelName) place.refuse("modelName is missing");
      return values;
    },
  });
}

/** Counts a prompt's tokens. Here they are always estimated. */
export const tokenProducer = tokens("token-producer");

/** The same by its older name. */
export const tokenizer = tokens("tokenizer");

/** Takes a session's name from a header or a cookie. */
export const sessionIdProducer = plugin({
  type: "session-id-producer",
  stage: "data producer",
  idle: "always",
  shape: { headerName: optional(anyText), cookieName: optional(anyText) },
  check(values, place) {
    if (!values.headerName?.trim() === !values.cookieName?.trim()) {
      place.refuse("exactly one of headerName and cookieName must be set");
    }
    return values;
  },
});
