import { startStack } from "../harness/stack.ts";
import { gatewaySuite } from "./suite.ts";

for (const hold of ["buffer", "self"] as const) {
  gatewaySuite(`Envoy by itself, hold ${hold}`, (parts) => startStack({ ...parts, envoy: { hold, concurrency: 2 } }));
}
