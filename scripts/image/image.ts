// The filter as a container image, in the forms that gateways fetch WebAssembly modules in.

import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipOf, tarOf } from "./tar.ts";

/**
 * The forms of an image. Istio and Envoy Gateway take all three:
 *
 *     oci       an OCI image with one layer, a tar.gz that holds plugin.wasm; every registry takes it
 *     docker    the same with Docker's media types
 *     artifact  an OCI artifact with two layers: the module as it is, and a configuration that nothing reads
 */
export const FORMS = ["oci", "docker", "artifact"] as const;
export type Form = (typeof FORMS)[number];

/** What stands in the manifest beside the module. */
export type About = { readonly version: string; readonly description: string; readonly license: string };

/** Something by its digest, as manifests name it. */
type Blob = { readonly mediaType: string; readonly bytes: Buffer; readonly title?: string };
type Parts = { readonly mediaType: string; readonly config: Blob; readonly layers: readonly Blob[] };

export type Image = {
  /** `sha256:` and the manifest's digest, by which the image is pulled. */
  readonly digest: string;
  readonly manifest: Blob;
  /** What the manifest names. */
  readonly blobs: readonly Blob[];
};

/** The name that Istio and Envoy Gateway look for in the archive. */
const FILE = "plugin.wasm";
const WASM_CONFIG = "application/vnd.module.wasm.config.v1+json";
const WASM_CONTENT = "application/vnd.module.wasm.content.layer.v1+wasm";

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function descriptor({ mediaType, bytes, title }: Blob): object {
  const annotations = title === undefined ? {} : { annotations: { "org.opencontainers.image.title": title } };
  return { mediaType, size: bytes.length, digest: digestOf(bytes), ...annotations };
}

/** An image of one layer; what runs images is told that this is none of theirs. */
function layered(module: Uint8Array, types: { manifest: string; config: string; layer: string }): Parts {
  const archive = tarOf(FILE, module);
  const config = {
    architecture: "wasm",
    os: "wasip1",
    config: {},
    rootfs: { type: "layers", diff_ids: [digestOf(archive)] },
  };
  return {
    mediaType: types.manifest,
    config: { mediaType: types.config, bytes: json(config) },
    layers: [{ mediaType: types.layer, bytes: gzipOf(archive) }],
  };
}

const PARTS: Readonly<Record<Form, (module: Uint8Array) => Parts>> = {
  oci: (module) =>
    layered(module, {
      manifest: "application/vnd.oci.image.manifest.v1+json",
      config: "application/vnd.oci.image.config.v1+json",
      layer: "application/vnd.oci.image.layer.v1.tar+gzip",
    }),
  docker: (module) =>
    layered(module, {
      manifest: "application/vnd.docker.distribution.manifest.v2+json",
      config: "application/vnd.docker.container.image.v1+json",
      layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
    }),
  artifact: (module) => {
    const about = json({ type: "envoy_proxy", abiVersions: ["v0-2-1"], config: {} });
    return {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: WASM_CONFIG, bytes: about },
      // Gateways count these: two, no more and no fewer.
      layers: [
        { mediaType: WASM_CONTENT, bytes: Buffer.from(module), title: FILE },
        { mediaType: WASM_CONFIG, bytes: about, title: "runtime-config.json" },
      ],
    };
  },
};

/** Makes an image of a module. The same module gives the same digest. */
export function imageOf(module: Uint8Array, form: Form, { version, description, license }: About): Image {
  const { mediaType, config, layers } = PARTS[form](module);
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: descriptor(config),
    layers: layers.map(descriptor),
    // Docker's manifests have none.
    ...(form !== "docker" && {
      annotations: {
        "org.opencontainers.image.title": "inline-epp",
        "org.opencontainers.image.description": description,
        "org.opencontainers.image.version": version,
        "org.opencontainers.image.licenses": license,
      },
    }),
  };
  const bytes = json(manifest);
  return { digest: digestOf(bytes), manifest: { mediaType, bytes }, blobs: [config, ...layers] };
}

/** Writes an image as an OCI layout in place of what is in the folder. */
export function writeLayout(image: Image, folder: string): void {
  const blobs = join(folder, "blobs", "sha256");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(blobs, { recursive: true });
  for (const { bytes } of [image.manifest, ...image.blobs]) {
    writeFileSync(join(blobs, digestOf(bytes).replace("sha256:", "")), bytes);
  }
  writeFileSync(join(folder, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [descriptor(image.manifest)],
  };
  writeFileSync(join(folder, "index.json"), json(index));
}
