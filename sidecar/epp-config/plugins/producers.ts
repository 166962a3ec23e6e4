import { counting, flag, integer, number } from "../../support/fields.ts";
import { checkPrefixValues, prefixShape } from "../prefix-settings.ts";
import { anyMapping, anyText, word } from "../readers.ts";
import { idle, optional, reference, withDefault } from "../shape.ts";
import { type PluginDescriptor, plugin } from "./plugin.ts";

/** The prefix index. */
export const approxPrefixCacheProducer = plugin({
  type: "approx-prefix-cache-producer",
  about:
    "The prefix index: which prompt blocks each endpoint holds, by what was sent there. Plugins without one of their own read the one that is called as its type.",
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
  about: "Counts requests and tokens in flight.",
  stage: "data producer",
  shape: (group) => ({
    addEstimatedOutputTokens: withDefault(
      "output tokens that are to be expected count, too",
      flag,
      group !== "llm-d.ai",
    ),
    outputRatio: withDefault("output tokens to be expected per prompt token", number({ min: 0 }), 1.5),
    maxEstimatedOutputTokens: optional(
      "most that are to be expected; left out: no limit",
      counting("tokens", integer(0, 0xffff_ffff)),
    ),
    prefixMatchInfoProducerName: reference("approx-prefix-cache-producer"),
    syncCrossReplicaState: idle("tell other replicas; here `serve --redis` does", flag, true),
  }),
});

/** Latencies. */
export const predictedLatencyProducer = plugin({
  type: "predicted-latency-producer",
  about:
    "Predicts latencies. Here the filter learns them itself, and what is about the reference's service has no effect.",
  stage: "data producer",
  shape: {
    samplingMean: idle("output tokens between two samples", counting("tokens", number()), 1000),
    maxDecodeTokenSamplesForPrediction: idle("samples of a request", integer(), 0),
    sloBufferFactor: idle("factor on what is wanted", number({ over: 0 }), 1),
    // A duration in nanoseconds, as Go writes one that has no format of its own.
    contextTTL: idle("after which a request is forgotten", counting("nanoseconds", integer(0)), 300_000_000_000),
    streamingMode: idle("learn from events of streams", flag, false),
    endpointRoleLabel: idle("label that tells who prefills", anyText),
    predictInProduce: idle("predict for each request", flag, true),
    predictInPrepareData: idle("older name of predictInProduce", flag, true),
    useEncoderCacheFeatures: idle("look at encoders' caches", flag, false),
    encoderCacheMatchInfoProducerName: idle("who knows these", word),
    prefixMatchInfoProducerName: reference("approx-prefix-cache-producer"),
    inFlightLoadProducerName: reference("inflight-load-producer"),
  },
});

function tokens(type: string, about: string): PluginDescriptor {
  return plugin({
    type,
    about,
    stage: "data producer",
    shape: {
      modelName: idle("model whose tokens are counted", word),
      vllm: idle("vLLM that counts", anyMapping),
      estimate: idle("how tokens are estimated", anyMapping),
      udsTokenizerConfig: idle("process that counts", anyMapping),
    },
    check(values, place) {
      const backends = (["estimate", "vllm", "udsTokenizerConfig"] as const).filter((name) => values[name]);
      if (backends.length > 1) place.refuse(`${backends.join(" and ")} cannot stand together`);
      if ((values.vllm || values.udsTokenizerConfig) && !values.modelName) place.refuse("modelName is missing");
      return values;
    },
  });
}

/** Tokens of prompts. */
export const tokenProducer = tokens("token-producer", "Counts a prompt's tokens. Here they are always estimated.");

/** The same by its older name. */
export const tokenizer = tokens("tokenizer", "`token-producer` by its older name.");

/** Names of sessions. */
export const sessionIdProducer = plugin({
  type: "session-id-producer",
  about: "Takes the name of a session from a header or a cookie.",
  stage: "data producer",
  idle: "always",
  shape: { headerName: optional("the header", anyText), cookieName: optional("the cookie", anyText) },
  check(values, place) {
    if (!values.headerName?.trim() === !values.cookieName?.trim()) {
      place.refuse("exactly one of headerName and cookieName must be set");
    }
    return values;
  },
});
