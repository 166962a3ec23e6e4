// The variant of the manifests that has the module in a registry.

import assert from "node:assert/strict";
import { test } from "node:test";
import { waitUntil } from "../../../scripts/stack/ready.ts";
import { byPod, chat, chats } from "../../harness/requests.ts";
import { startSubject } from "../backends.ts";
import { startRegistry } from "../registry.ts";
import { BY_LABEL } from "../schedules.ts";
import { NAMESPACE, readManifests } from "./manifests.ts";
import { codeOf, startEnvoyGateway } from "./standalone.ts";

const PATIENCE_MS = 60_000;

test("Envoy Gateway takes the module from an image", async (t) => {
  const parts = { simulators: [{}, {}, {}], sidecar: { config: BY_LABEL }, pool: `${NAMESPACE}/llama` };
  const subject = await startSubject(parts, async (backends) => {
    const registry = await startRegistry(backends.folder);
    t.after(() => registry.stop());
    await registry.push("inline-epp-filter:0.1.0");
    return startEnvoyGateway(backends, {
      edit(manifests) {
        const byHttp = manifests.findIndex(({ kind }) => kind === "EnvoyExtensionPolicy");
        manifests.splice(byHttp, 1, ...readManifests("filter-image.yaml"));
        const image = codeOf(manifests);
        assert.equal(image.url, "registry.example/inline-epp-filter:0.1.0");
        image.url = image.url.replace("registry.example", registry.address);
      },
    });
  });
  t.after(() => subject.stop());
  const answers = async () => (await chat(subject.url).catch(() => null))?.status === 200;
  try {
    await waitUntil("the first answer", answers, PATIENCE_MS);
  } catch (error) {
    console.error(subject.logs());
    throw error;
  }
  // Only the picker keeps to the endpoint that the configuration leaves.
  assert.deepEqual([...byPod(await chats(subject.url, 20)).keys()], ["sim-2"]);
});
