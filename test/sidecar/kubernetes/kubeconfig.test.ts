import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { stringify } from "yaml";
import { findKubeConfig, NoCluster } from "../../../sidecar/kubernetes/kubeconfig.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | object): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === "string" ? content : stringify(content));
  return file;
}

/** A kubeconfig of contexts of these names, each with a cluster and a user of its name. */
function config(names: readonly string[], current: string | undefined = names[0]): object {
  return {
    apiVersion: "v1",
    kind: "Config",
    "current-context": current,
    clusters: names.map((name) => ({ name, cluster: { server: `https://${name}.example:6443/` } })),
    contexts: names.map((name) => ({ name, context: { cluster: name, user: name, namespace: `${name}-space` } })),
    users: names.map((name) => ({ name, user: { token: `${name}-token` } })),
  };
}

const find = (settings: { kubeconfig?: string; context?: string }, env: Record<string, string> = {}) =>
  findKubeConfig(settings, { env, home: join(folder, "home"), root: folder });

const serverOf = async (...args: Parameters<typeof find>) => (await find(...args))().getCurrentCluster()?.server;

async function refusal(...args: Parameters<typeof find>): Promise<string> {
  const error = await find(...args).then(
    () => assert.fail("it was taken"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof NoCluster, String(error));
  return error.message.replaceAll(folder, "");
}

describe("the cluster that is meant", () => {
  const POD_ENV = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };

  test("is that of the flag, of the environment, of the pod, of the home folder, in this order", async (t) => {
    // KubeConfig looks for itself.
    const before = { ...process.env };
    t.after(() => {
      process.env = before;
    });
    process.env = { ...before, ...POD_ENV };
    const flag = write("flag", config(["flag"]));
    const env = { ...POD_ENV, KUBECONFIG: write("env", config(["env"])) };
    write("var/run/secrets/kubernetes.io/serviceaccount/token", "t");
    write("var/run/secrets/kubernetes.io/serviceaccount/namespace", "ns\n");
    write("home/.kube/config", config(["home"]));
    assert.equal(await serverOf({ kubeconfig: flag }, env), "https://flag.example:6443");
    assert.equal(await serverOf({}, env), "https://env.example:6443");
    assert.equal(await serverOf({}, POD_ENV), "https://10.0.0.1:443");
    assert.equal(await serverOf({}), "https://home.example:6443");
  });

  test("is in the first of several files that names it", async () => {
    const other = config(["b", "c"]) as { clusters: { name: string }[] };
    other.clusters.push({ name: "a", cluster: { server: "https://wrong" } } as { name: string });
    const files = [write("one", config(["a"])), join(folder, "missing"), write("two", other)];
    const env = { KUBECONFIG: files.join(":") };
    assert.equal(await serverOf({}, env), "https://a.example:6443");
    assert.equal(await serverOf({ context: "c" }, env), "https://c.example:6443");
  });

  test("may be that of another context", async () => {
    const kubeconfig = write("flag", config(["a", "b"]));
    assert.equal(await serverOf({ kubeconfig, context: "b" }), "https://b.example:6443");
  });

  test("is asked for where there is none", async () => {
    const message = await refusal({});
    for (const word of ["--kubeconfig", "$KUBECONFIG", "~/.kube/config", "automountServiceAccountToken"]) {
      assert.ok(message.includes(word), message);
    }
    assert.equal(await refusal({}, POD_ENV), message);
  });
});

describe("what cannot be used is refused by name", () => {
  test("a file that is not there", async () => {
    assert.equal(await refusal({ kubeconfig: join(folder, "x") }), "--kubeconfig: there is no file /x");
    assert.equal(await refusal({}, { KUBECONFIG: join(folder, "y") }), "$KUBECONFIG: there is no file /y");
  });

  test("a file that is no kubeconfig", async () => {
    for (const content of ["a: [", "", "7", '{"clusters": [{"name": "x"}]}']) {
      assert.match(
        await refusal({ kubeconfig: write("bad", content) }),
        /^--kubeconfig: (\/bad cannot be used as a kubeconfig file: |no current-context is set)/,
      );
    }
  });

  test("a context that is not there, or none at all", async () => {
    const kubeconfig = write("c", config(["a", "b"]));
    assert.equal(await refusal({ kubeconfig, context: "x" }), '--kubeconfig: there is no context "x"; there is: a, b');
    const without = write("d", { ...config(["a", "b"]), "current-context": "" });
    assert.equal(
      await refusal({ kubeconfig: without }),
      "--kubeconfig: no current-context is set; choose one with --context: a, b",
    );
  });

  test("a context whose cluster or user is not there, and a server that is no URL", async () => {
    const whole = config(["a"]);
    const without = async (part: object) => refusal({ kubeconfig: write("e", { ...whole, ...part }) });
    assert.equal(await without({ clusters: [] }), '--kubeconfig: context "a" names cluster "a", which is not there');
    assert.equal(await without({ users: [] }), '--kubeconfig: context "a" names user "a", which is not there');
    assert.equal(
      await without({ clusters: [{ name: "a", cluster: { server: "localhost:6443" } }] }),
      '--kubeconfig: server "localhost:6443" of cluster "a" is no http or https URL',
    );
    assert.equal(
      await without({ clusters: [{ name: "a", cluster: { server: "https://u:s3cret@localhost:6443" } }] }),
      '--kubeconfig: the server of cluster "a" must not carry a user or a password',
    );
  });
});
