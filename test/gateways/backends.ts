import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tailOf } from "../../scripts/stack/child.ts";
import { type Sidecar, startSidecar } from "../harness/sidecar.ts";
import type { Flags } from "../harness/sidecar-process.ts";
import { type ModelServer, startModelServer } from "../harness/simulators.ts";
import { onePool } from "../harness/stack.ts";
import type { Parts, Subject } from "./suite.ts";

/** What a gateway leads to. */
export type Backends = {
  readonly simulators: readonly ModelServer[];
  readonly sidecar: Sidecar;
  /** For files of the gateway's own; deleted at the end. */
  readonly folder: string;
};

/** A gateway that runs. */
export type Gateway = { readonly url: string; logs(): string; stop(): Promise<void> };

const LOG_LINES = 40;

/**
 * Starts simulators and a sidecar for the suite, then a gateway before them; what has been started ends with the
 * subject, and where the gateway does not start. `flags` are more of the sidecar's.
 */
export async function startSubject(
  parts: Parts,
  startGateway: (backends: Backends) => Promise<Gateway>,
  flags: Flags = {},
): Promise<Subject> {
  const folder = mkdtempSync(join(tmpdir(), "inline-epp-gateway-"));
  const simulators: ModelServer[] = [];
  let sidecar: Sidecar | null = null;
  let gateway: Gateway | null = null;
  const stop = async (): Promise<void> => {
    await Promise.all([gateway, sidecar, ...simulators].map((part) => part?.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  const logs = (): string => {
    const own = tailOf(join(folder, "sidecar.log"), LOG_LINES);
    return `--- sidecar ---\n${own}\n--- gateway ---\n${gateway?.logs() ?? "not started"}`;
  };
  try {
    for (const [index, spec] of parts.simulators.entries()) {
      simulators.push(await startModelServer(spec, index, folder));
    }
    const options = { ...parts.sidecar, flags: { ...parts.sidecar.flags, ...flags } };
    sidecar = await startSidecar(options, onePool(simulators, parts.pool), folder);
    gateway = await startGateway({ simulators, sidecar, folder });
    return { url: gateway.url, simulators, sidecar, logs, stop };
  } catch (error) {
    console.error(logs());
    await stop();
    throw error;
  }
}
