// A small client of the Kubernetes API for tests: objects as plain JSON, errors with the API server's own words.

import { Agent, type Dispatcher, request } from "undici";

/** Which object is meant: an object itself will do. */
export type KubeRef = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; [field: string]: unknown };
};

/** Any object of the API. */
export type KubeObject = KubeRef & { [field: string]: unknown };

/** The API server refused a request. */
export class KubeError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "KubeError";
    this.status = status;
  }
}

const MERGE_PATCH = "application/merge-patch+json";
const APPLY_PATCH = "application/apply-patch+yaml";
const CONNECTIONS = 32;

/** The path of a kind's objects: "/api/v1/namespaces/a/pods". Namespace undefined: of all, or of none. */
export function collectionPath(apiVersion: string, kind: string, namespace: string | undefined): string {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  // True for every kind that tests use.
  const plural = `${kind.toLowerCase()}s`;
  return `${root}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${plural}`;
}

function pathOf({ apiVersion, kind, metadata }: KubeRef): string {
  return `${collectionPath(apiVersion, kind, metadata.namespace)}/${metadata.name}`;
}

/** Talks to one API server with one token. Every method throws KubeError for an answer that is no success. */
export class KubeClient {
  readonly #url: string;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(url: string, ca: string, token: string) {
    this.#url = url;
    this.#token = token;
    this.#agent = new Agent({ connections: CONNECTIONS, connect: { ca } });
  }

  /** One request with a JSON body, if any; the JSON of its answer. */
  async send<T = KubeObject>(
    method: Dispatcher.HttpMethod,
    path: string,
    body?: unknown,
    type = "application/json",
  ): Promise<T> {
    const { statusCode, body: answer } = await request(`${this.#url}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.#token}`, ...(body !== undefined && { "content-type": type }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (statusCode < 300) return JSON.parse(text);
    let message = text;
    try {
      message = JSON.parse(text).message;
    } catch {
      // Not every refusal is a Status.
    }
    throw new KubeError(statusCode, `${method} ${path}: ${statusCode} ${message}`);
  }

  /** A path that answers with text: "/readyz". */
  async text(path: string): Promise<{ status: number; text: string }> {
    const { statusCode, body } = await request(`${this.#url}${path}`, {
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.#token}` },
    });
    return { status: statusCode, text: await body.text() };
  }

  create(object: KubeObject): Promise<KubeObject> {
    const { apiVersion, kind, metadata } = object;
    return this.send("POST", collectionPath(apiVersion, kind, metadata.namespace), object);
  }

  /** Creates or replaces what the object names, by server-side apply. */
  apply(object: KubeObject): Promise<KubeObject> {
    return this.send("PATCH", `${pathOf(object)}?fieldManager=test&force=true`, object, APPLY_PATCH);
  }

  get(ref: KubeRef): Promise<KubeObject> {
    return this.send("GET", pathOf(ref));
  }

  async list(apiVersion: string, kind: string, namespace?: string): Promise<KubeObject[]> {
    const { items } = await this.send<{ items: KubeObject[] }>("GET", collectionPath(apiVersion, kind, namespace));
    return items;
  }

  /** Changes some fields, by a merge patch. */
  patch(ref: KubeRef, change: object): Promise<KubeObject> {
    return this.send("PATCH", pathOf(ref), change, MERGE_PATCH);
  }

  /** Changes fields of the status, as a kubelet or a controller does. */
  patchStatus(ref: KubeRef, status: object): Promise<KubeObject> {
    return this.send("PATCH", `${pathOf(ref)}/status`, { status }, MERGE_PATCH);
  }

  /**
   * Deletes an object. A pod with a node stays as a terminating one for its grace period, `graceSeconds`, until
   * somebody deletes it with 0: here no kubelet does.
   */
  async delete(ref: KubeRef, graceSeconds?: number): Promise<void> {
    await this.send(
      "DELETE",
      pathOf(ref),
      graceSeconds === undefined ? undefined : { gracePeriodSeconds: graceSeconds },
    );
  }

  /** Closes its connections. */
  close(): Promise<void> {
    return this.#agent.destroy();
  }
}
