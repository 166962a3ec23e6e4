import { startSubject } from "../backends.ts";
import { gatewaySuite, type Parts, type Subject } from "../suite.ts";
import { extensionFlags, startExtended } from "./gateway.ts";

const BODY_LIMIT = 8 << 20;

async function start(parts: Parts, settings: object = {}): Promise<Subject> {
  const { flags, port } = await extensionFlags({ "filter-settings": JSON.stringify(settings) });
  return startSubject(parts, (backends) => startExtended(backends, port), flags);
}

gatewaySuite("Envoy Gateway with its extension", start, {
  pool: "models/llama",
  bodyLimit: BODY_LIMIT,
  patienceMs: 60_000,
});
