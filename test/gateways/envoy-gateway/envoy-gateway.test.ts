import { startSubject } from "../backends.ts";
import { gatewaySuite } from "../suite.ts";
import { startEnvoyGateway } from "./standalone.ts";

const BODY_LIMIT = 8 << 20;

gatewaySuite("Envoy Gateway by its CRDs", (parts) => startSubject(parts, (backends) => startEnvoyGateway(backends)), {
  pool: "models/llama",
  bodyLimit: BODY_LIMIT,
  patienceMs: 60_000,
});
