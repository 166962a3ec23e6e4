import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { FORMS, imageOf, writeLayout } from "../../scripts/image/image.ts";
import { gzipOf, tarOf } from "../../scripts/image/tar.ts";
import { readOptions } from "../../scripts/image.ts";
import { Trouble } from "../../scripts/trouble.ts";

const MODULE = Buffer.from(Array.from({ length: 1500 }, (_, index) => (index * 7) % 251));
const ABOUT = { version: "1.2.3", description: "A filter.", license: "Apache-2.0" };
const folder = mkdtempSync(join(tmpdir(), "inline-epp-image-"));
after(() => rmSync(folder, { recursive: true }));

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

describe("the archive of one file", () => {
  for (const length of [0, 1, 511, 512, 513, 1500]) {
    test(`is read by tar: ${length} bytes`, () => {
      const content = MODULE.subarray(0, length);
      const path = join(folder, "archive.tar.gz");
      writeFileSync(path, gzipOf(tarOf("plugin.wasm", content)));
      assert.equal(execFileSync("tar", ["-tzf", path], { encoding: "utf8" }), "plugin.wasm\n");
      assert.deepEqual(execFileSync("tar", ["-xzOf", path, "plugin.wasm"]), content);
    });
  }

  test("names neither time nor owner nor system", () => {
    const listing = execFileSync("tar", ["-tzvf", join(folder, "archive.tar.gz"), "--numeric-owner", "--utc"], {
      encoding: "utf8",
    });
    assert.match(listing, /^-rw-r--r-- 0\/0 +1500 1970-01-01 00:00 plugin\.wasm\n$/);
    const packed = readFileSync(join(folder, "archive.tar.gz"));
    assert.deepEqual([...packed.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
  });
});

describe("an image", () => {
  for (const form of FORMS) {
    test(`${form}: the layout holds what it names, and nothing else`, () => {
      const layout = join(folder, form);
      const image = imageOf(MODULE, form, ABOUT);
      writeLayout(imageOf(Buffer.from("another"), form, ABOUT), layout);
      writeLayout(image, layout);
      assert.deepEqual(JSON.parse(readFileSync(join(layout, "oci-layout"), "utf8")), { imageLayoutVersion: "1.0.0" });
      const blob = (digest: string): Buffer =>
        readFileSync(join(layout, "blobs", "sha256", digest.replace("sha256:", "")));
      const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
      assert.equal(index.manifests.length, 1);
      assert.equal(index.manifests[0].digest, image.digest);
      const manifest = JSON.parse(blob(image.digest).toString());
      const named = [index.manifests[0], manifest.config, ...manifest.layers];
      for (const { digest, size } of named) {
        assert.equal(sha256(blob(digest)), digest);
        assert.equal(blob(digest).length, size);
      }
      const files = readdirSync(join(layout, "blobs", "sha256"));
      assert.deepEqual(files.sort(), [...new Set(named.map(({ digest }) => digest.slice(7)))].sort());
      assert.equal(index.manifests[0].mediaType, manifest.mediaType);
    });

    test(`${form}: the same module gives the same digest, another one another`, () => {
      const { digest } = imageOf(MODULE, form, ABOUT);
      assert.equal(imageOf(Buffer.from(MODULE), form, ABOUT).digest, digest);
      assert.notEqual(imageOf(MODULE.subarray(1), form, ABOUT).digest, digest);
    });
  }
});

test("the command line says form and destination", () => {
  assert.deepEqual(readOptions([]), { form: "oci", push: undefined });
  assert.deepEqual(readOptions(["--form=docker", "--push", "r.example/f:1"]), {
    form: "docker",
    push: "r.example/f:1",
  });
  for (const [args, message] of [
    [["--form", "tar"], /^--form is "tar", must be oci, docker, artifact$/],
    [["--pull", "x"], /--pull/],
    [["push"], /push/],
  ] as const) {
    assert.throws(() => readOptions(args), { constructor: Trouble, message });
  }
});
