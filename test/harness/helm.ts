import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { parse, parseAllDocuments, stringify } from "yaml";
import { ROOT } from "../../scripts/stack/command.ts";
import { findHelm, findKustomize } from "../../scripts/tools/deploy-tools.ts";

const run = promisify(execFile);

export const CHART = join(ROOT, "deploy", "helm", "inline-epp");

/** A Kubernetes object, as far as all kinds are alike. */
export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: what else there is differs by kind, and tests say what they expect.
  readonly [field: string]: any;
};

/** Values of the chart, nested as in values.yaml. */
export type Values = Readonly<Record<string, unknown>>;

export type Release = {
  /** `inline-epp` unless told. */
  readonly name?: string;
  /** `models` unless told. */
  readonly namespace?: string;
  /** The chart's folder, where it is not the repository's. */
  readonly chart?: string;
};

/** Helm refused; the message is what it printed. */
export class HelmRefused extends Error {}

function readObjects(text: string): KubeObject[] {
  const documents = parseAllDocuments(text);
  if ("empty" in documents) return [];
  return documents.map((document) => document.toJS()).filter((object) => object !== null);
}

async function helm(args: readonly string[], values: Values): Promise<string> {
  const path = await findHelm();
  const folder = mkdtempSync(join(tmpdir(), "inline-epp-helm-"));
  const file = join(folder, "values.yaml");
  writeFileSync(file, stringify(values));
  try {
    const { stdout } = await run(path, [...args, "--values", file], { maxBuffer: 16 << 20 });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new HelmRefused(`${stdout}${stderr}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What is required has a value, so that a test names only what it is about. */
function complete(values: Values): Values {
  return { ...values, image: { repository: "registry.example/inline-epp", ...(values.image as object) } };
}

/**
 * The objects that the chart makes of these values. An image's repository is filled in where there is none.
 * @throws HelmRefused where the schema or a template refuses the values.
 */
export function renderChart(values: Values, release: Release = {}): Promise<KubeObject[]> {
  return renderChartAsItIs(complete(values), release);
}

/** The same without anything filled in. */
export async function renderChartAsItIs(values: Values, release: Release = {}): Promise<KubeObject[]> {
  const { name = "inline-epp", namespace = "models", chart = CHART } = release;
  return readObjects(await helm(["template", name, chart, "--namespace", namespace], values));
}

/** What `helm install` tells the user. Helm prints notes only with a cluster: here they are rendered as a file. */
export async function renderNotes(values: Values, release: Release = {}): Promise<string> {
  const chart = mkdtempSync(join(tmpdir(), "inline-epp-chart-"));
  try {
    cpSync(CHART, chart, { recursive: true });
    cpSync(join(chart, "templates", "NOTES.txt"), join(chart, "files", "NOTES.txt"));
    const template = '{{ dict "kind" "Notes" "text" (tpl (.Files.Get "files/NOTES.txt") .) | toYaml }}';
    writeFileSync(join(chart, "templates", "notes.yaml"), template);
    const objects = await renderChart(values, { ...release, chart });
    return objects.find(({ kind }) => kind === "Notes")?.text as string;
  } finally {
    rmSync(chart, { recursive: true });
  }
}

/** Runs `helm lint --strict`. Throws HelmRefused with what it found. */
export async function lintChart(values: Values): Promise<void> {
  await helm(["lint", "--strict", CHART], complete(values));
}

/** The objects that a kustomization makes: a folder, by a path from deploy/kustomize or an absolute one. */
export async function buildKustomization(folder: string): Promise<KubeObject[]> {
  const { stdout } = await run(await findKustomize(), ["build", resolve(ROOT, "deploy", "kustomize", folder)]);
  return readObjects(stdout);
}

/** The objects of a kind. */
export function ofKind(objects: readonly KubeObject[], kind: string): KubeObject[] {
  return objects.filter((object) => object.kind === kind);
}

/** The only object of a kind; throws where there are more or none. */
export function only(objects: readonly KubeObject[], kind: string): KubeObject {
  const found = ofKind(objects, kind);
  if (found.length !== 1) throw new Error(`${found.length} objects of kind ${kind} in place of one`);
  return found[0] as KubeObject;
}

/** The Deployment patch that mode sidecar makes, from where Istio or Envoy Gateway look for it. */
export function gatewayPatch(objects: readonly KubeObject[]): KubeObject["spec"] {
  const [proxy] = ofKind(objects, "EnvoyProxy");
  if (proxy !== undefined) return proxy.spec.provider.kubernetes.envoyDeployment.patch.value.spec;
  const istio = ofKind(objects, "ConfigMap").find(({ data }) => data.deployment !== undefined);
  return parse(istio?.data.deployment).spec;
}
