import { HOSTS } from "../hosts.ts";
import { gatewaySuite } from "../suite.ts";
import { MODES, startExtProcStack } from "./envoy.ts";

// Without the body a request cannot be refused for it.
const { extProcDuplex: duplex, extProcBuffered: buffered } = HOSTS;
for (const [mode, host] of [
  [MODES.duplex, duplex],
  [MODES.buffered, buffered],
] as const) {
  gatewaySuite(host, (parts) =>
    startExtProcStack(undefined, { ...parts, extProc: { mode }, envoy: { concurrency: 2 } }),
  );
}
