import { listOf } from "../../support/fields.ts";
import { anyText, word } from "../readers.ts";
import { idle, optional } from "../shape.ts";
import { type PluginDescriptor, plugin } from "./plugin.ts";

function disaggHeaders(type: string): PluginDescriptor {
  return plugin({
    type,
    stage: "request handler",
    shape: { prefillProfile: idle(anyText, "prefill"), encodeProfile: idle(anyText, "encode") },
  });
}

/** Names the endpoints of prefill and encode in headers. Here, as in newer references, the profile handler does. */
export const disaggHeadersHandler = disaggHeaders("disagg-headers-handler");

/** The same by its older name. */
export const prefillHeaderHandler = disaggHeaders("prefill-header-handler");

/** Finds out which agent a request is from. */
export const agentIdentity = plugin({
  type: "agent-identity",
  stage: "request handler",
  idle: "always",
  shape: { additionalSessionHeaders: optional(listOf(word)) },
});

/** Tells, for conformance tests, which endpoint has answered. */
export const destinationEndpointServedVerifier = plugin({
  type: "destination-endpoint-served-verifier",
  stage: "request handler",
  idle: "always",
  shape: {},
});

function parser(type: string, parts: { readonly idle: "always" | "unless default" }): PluginDescriptor {
  return plugin({ type, stage: "parser", shape: {}, ...parts });
}

/** Parsers of request bodies. The first four are what the references have by default, and are always at work here. */
export const PARSERS: readonly PluginDescriptor[] = [
  parser("openai-parser", { idle: "unless default" }),
  parser("anthropic-parser", { idle: "unless default" }),
  parser("vllmhttp-parser", { idle: "unless default" }),
  parser("passthrough-parser", { idle: "unless default" }),
  parser("sglanghttp-parser", { idle: "always" }),
  parser("vertexai-parser", { idle: "always" }),
  parser("vllmgrpc-parser", { idle: "always" }),
];
