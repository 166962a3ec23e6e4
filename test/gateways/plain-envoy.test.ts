import { startStack } from "../harness/stack.ts";
import { HOSTS } from "./hosts.ts";
import { gatewaySuite } from "./suite.ts";

const { envoyBuffer: buffer, envoySelf: self } = HOSTS;
for (const [hold, host] of Object.entries({ buffer, self }) as ["buffer" | "self", typeof buffer][]) {
  gatewaySuite(host, (parts) => startStack({ ...parts, envoy: { hold, concurrency: 2 } }));
}
