import { gatewaySuite } from "../suite.ts";
import { MODES, type ModeName, startExtProcStack } from "./envoy.ts";

// Without the body a request cannot be refused for it.
for (const mode of ["duplex", "buffered"] as const satisfies readonly ModeName[]) {
  gatewaySuite(
    `Envoy that asks by ext_proc, mode ${mode}`,
    (parts) =>
      startExtProcStack(undefined, {
        ...parts,
        extProc: { mode: MODES[mode] },
        envoy: { concurrency: 2 },
      }),
    { outlivesSidecar: false },
  );
}
