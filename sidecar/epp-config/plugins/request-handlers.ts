import { listOf } from "../../support/fields.ts";
import { anyText, word } from "../readers.ts";
import { idle, optional } from "../shape.ts";
import { type PluginDescriptor, plugin } from "./plugin.ts";

function disaggHeaders(type: string, about: string): PluginDescriptor {
  return plugin({
    type,
    about,
    stage: "request handler",
    shape: {
      prefillProfile: idle("the profile that picks who prefills", anyText, "prefill"),
      encodeProfile: idle("the profile that picks who encodes", anyText, "encode"),
    },
  });
}

/** Headers of prefill and encode. */
export const disaggHeadersHandler = disaggHeaders(
  "disagg-headers-handler",
  "Names the endpoints of prefill and encode in headers. Here, as in newer references, the profile handler does.",
);

/** The same by its older name. */
export const prefillHeaderHandler = disaggHeaders(
  "prefill-header-handler",
  "`disagg-headers-handler` by its older name.",
);

/** Finds out which agent a request is from. */
export const agentIdentity = plugin({
  type: "agent-identity",
  about: "Finds out which agent a request is from.",
  stage: "request handler",
  idle: "always",
  shape: { additionalSessionHeaders: optional("headers that name a session", listOf(word)) },
});

/** Tells, for conformance tests, which endpoint has answered. */
export const destinationEndpointServedVerifier = plugin({
  type: "destination-endpoint-served-verifier",
  about: "Tells, for conformance tests, which endpoint has answered.",
  stage: "request handler",
  idle: "always",
  shape: {},
});

function parser(type: string, parts: { readonly idle: "always" | "unless default" }): PluginDescriptor {
  const about =
    parts.idle === "always"
      ? "Reads bodies of this kind."
      : "Reads bodies of this kind; always at work here, declared or not.";
  return plugin({ type, about, stage: "parser", shape: {}, ...parts });
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
