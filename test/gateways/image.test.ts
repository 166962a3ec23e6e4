// The filter's image through a registry, and out of it again in the way in which Istio's agent and Envoy Gateway look
// for the module in one.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { FORMS, type Form } from "../../scripts/image/image.ts";
import { ROOT } from "../../scripts/stack/command.ts";
import { findCrane } from "../../scripts/tools/image-tools.ts";
import { type Registry, startRegistry } from "./registry.ts";

const run = promisify(execFile);
const MODULE = readFileSync(join(ROOT, "build", "filter.wasm"));

type Descriptor = { mediaType: string; digest: string; size: number };
type Manifest = { mediaType: string; config: Descriptor; layers: Descriptor[] };

const OF_DOCKER = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip";
const OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const WASM_LAYER = "application/vnd.module.wasm.content.layer.v1+wasm";
const LAYERS: Readonly<Record<Form, readonly string[]>> = {
  docker: [DOCKER_LAYER],
  oci: [OCI_LAYER],
  artifact: [WASM_LAYER, "application/vnd.module.wasm.config.v1+json"],
};

/** Which of an image's layers holds the module, and whether in an archive; by the rules of both fetchers. */
function place({ mediaType, layers }: Manifest): { layer: Descriptor; packed: boolean } {
  const last = layers.at(-1)!;
  if (mediaType === OF_DOCKER) {
    assert.equal(last.mediaType, DOCKER_LAYER);
    return { layer: last, packed: true };
  }
  if (last.mediaType === OCI_LAYER) return { layer: last, packed: true };
  assert.equal(layers.length, 2);
  return { layer: layers.find((layer) => layer.mediaType === WASM_LAYER)!, packed: false };
}

describe("the filter's image in a registry", () => {
  const folder = mkdtempSync(join(tmpdir(), "inline-epp-registry-"));
  let crane: string;
  let registry: Registry;
  let address: string;

  const ask = async (...args: string[]): Promise<Buffer> =>
    (await run(crane, args, { encoding: "buffer", maxBuffer: 1 << 26 })).stdout;

  before(async () => {
    crane = await findCrane();
    registry = await startRegistry(folder);
    address = registry.address;
  });
  after(async () => {
    await registry?.stop();
    rmSync(folder, { recursive: true });
  });

  for (const form of FORMS) {
    test(`${form} comes out as it was pushed, and the gateways' fetchers find the module`, async () => {
      const reference = `${address}/inline-epp-filter:${form}`;
      const stdout = await registry.push(`inline-epp-filter:${form}`, "--form", form);
      const [, digest = ""] = /^ *image +(sha256:[0-9a-f]{64})$/m.exec(stdout) ?? [];
      assert.match(stdout, new RegExp(`^ *pushed +${address}/inline-epp-filter@${digest}$`, "m"));
      assert.match(stdout, new RegExp(`^ *module +sha256:${createHash("sha256").update(MODULE).digest("hex")}$`, "m"));
      assert.equal(`${await ask("digest", reference)}`.trim(), digest);
      const manifest = JSON.parse(`${await ask("manifest", `${address}/inline-epp-filter@${digest}`)}`) as Manifest;
      assert.deepEqual(
        manifest.layers.map(({ mediaType }) => mediaType),
        LAYERS[form],
      );
      const { layer, packed } = place(manifest);
      const blob = await ask("blob", `${address}/inline-epp-filter@${layer.digest}`);
      assert.deepEqual(packed ? await unpack(blob) : blob, MODULE);
    });
  }

  test("a second push of the same module changes nothing", async () => {
    const reference = `${address}/inline-epp-filter:again`;
    const digests = [];
    for (let i = 0; i < 2; i++) {
      await registry.push("inline-epp-filter:again");
      digests.push(`${await ask("digest", reference)}`);
    }
    assert.equal(digests[0], digests[1]);
    assert.equal(digests[0], `${await ask("digest", `${address}/inline-epp-filter:oci`)}`);
  });

  /** The file that the fetchers ask an archive for. */
  async function unpack(blob: Buffer): Promise<Buffer> {
    const child = run("tar", ["-xzOf", "-", "plugin.wasm"], { encoding: "buffer", maxBuffer: 1 << 26 });
    child.child.stdin!.end(blob);
    return (await child).stdout;
  }
});
