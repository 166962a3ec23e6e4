// Steps that see to it that what tests need is there, before test files that run side by side would each install it.

import { findEnvoy, shownPath } from "../envoy-binary.ts";
import { findHelm, findKustomize } from "../tools/deploy-tools.ts";
import { findEnvoyGateway } from "../tools/gateway-tools.ts";
import { findCrane } from "../tools/image-tools.ts";
import { findIstiod } from "../tools/istio-tools.ts";
import { findClientPython } from "./client-libraries.ts";
import { findClusterBinary } from "./cluster-binary.ts";
import type { Step } from "./step.ts";
import {
  CHROMIUM,
  ETCD,
  FISH,
  findProgram,
  needPrograms,
  PROMETHEUS,
  PROMTOOL,
  REDIS,
  type SystemProgram,
  ZSH,
} from "./system-programs.ts";

/** A step that prints where what it needs is. */
function need(name: string, find: () => Promise<readonly (string | null)[]>): Step {
  return {
    name,
    run: async () => {
      for (const line of await find()) console.log(line);
      return { ok: true };
    },
  };
}

/** A program of the machine's own packages. */
async function program(which: SystemProgram): Promise<readonly (string | null)[]> {
  await needPrograms([which]);
  return [findProgram(which.name)];
}

/** Finds one after the other: several installations at once would not be told apart. */
async function inTurn(...finds: readonly (() => Promise<string>)[]): Promise<string[]> {
  const paths: string[] = [];
  for (const find of finds) paths.push(shownPath(await find()));
  return paths;
}

/** By the names that plans have for them. */
export const NEEDS = {
  envoy: need("Envoy", async () => {
    const { path, version } = await findEnvoy();
    return [`${version} from ${shownPath(path)}`];
  }),
  libraries: need("clients of the APIs", () => inTurn(findClientPython)),
  redis: need("Redis", () => program(REDIS)),
  cluster: need("API server", async () => {
    await needPrograms([ETCD]);
    return inTurn(findClusterBinary);
  }),
  tools: need("helm, kustomize, promtool and Prometheus", async () => {
    await needPrograms([PROMTOOL, PROMETHEUS]);
    return inTurn(findHelm, findKustomize);
  }),
  shells: need("shells", async () => {
    await needPrograms([ZSH, FISH]);
    return [ZSH, FISH].map(({ name }) => findProgram(name));
  }),
  browser: need("browser", () => program(CHROMIUM)),
  gatewayTools: need("Envoy Gateway, Istio, crane and kustomize", () =>
    inTurn(findEnvoyGateway, findIstiod, findCrane, findKustomize),
  ),
} satisfies Record<string, Step>;
