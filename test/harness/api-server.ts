// A small API server for tests: lists and watches of objects of any kind over real connections, and misbehaviour on
// request. What it does well, it does as kube-apiserver does.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { freePorts } from "../../scripts/stack/ports.ts";
import type { Resource } from "../../sidecar/kubernetes/resource.ts";
import { ApiServerFaults, misbehave, sendStatus } from "./api-server-faults.ts";
import { compileSelectors, SelectorError } from "./api-server-selectors.ts";
import { ApiServerStore, apiVersionOf, type KubernetesObject, type ObjectName } from "./api-server-store.ts";
import { ApiServerWatch } from "./api-server-watch.ts";

export type { Fault, RequestMatch } from "./api-server-faults.ts";
export type { KubernetesObject, ObjectName } from "./api-server-store.ts";
export type { ApiServerWatch } from "./api-server-watch.ts";

export const PODS: Resource = { group: "", version: "v1", plural: "pods", kind: "Pod" };

/** A request as the server saw it. */
export interface SeenRequest {
  readonly verb: "list" | "watch" | "get" | "post";
  /** Without its query. */
  readonly path: string;
  readonly plural: string;
  readonly query: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
}

/** Answers a POST: gives the object to send back, or a status to fail with. */
export type PostHandler = (body: unknown) => object | number;

type Settings = {
  /** Kinds that are served; others are answered 404. */
  readonly resources: readonly Resource[];
  /** Whoever brings another one is answered 401; undefined: nobody has to. */
  readonly token?: string;
};

interface Target {
  readonly resource: Resource;
  /** Empty: all. */
  readonly namespace: string;
  /** Empty: a collection. */
  readonly name: string;
}

const PATH = /^\/(?:api|apis\/([^/]+))\/([^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?$/;

/** The server. */
export class ApiServer {
  readonly faults = new ApiServerFaults();
  /** All requests so far. */
  readonly requests: SeenRequest[] = [];
  /** The token that is accepted; undefined: any, or none. May change at any time. */
  token: string | undefined;
  readonly #store: ApiServerStore;
  readonly #watches = new Set<ApiServerWatch>();
  readonly #posts = new Map<string, PostHandler>();
  /** Lists whose next pages somebody may ask for. */
  readonly #lists = new Map<string, { objects: readonly KubernetesObject[]; version: number }>();
  #lastList = 0;
  #folder: string | undefined;
  readonly #port: number;
  #server: Server | undefined;

  private constructor({ resources, token }: Settings, port: number) {
    this.#port = port;
    this.#store = new ApiServerStore(resources);
    this.#store.onChange = (change) => {
      for (const watch of this.#watches) watch.tell(change);
    };
    this.token = token;
  }

  /** Listens on a free port of 127.0.0.1. */
  static async start(settings: Settings): Promise<ApiServer> {
    // One that nobody else is given while the server is away.
    const [port] = (await freePorts(1)) as [number];
    const server = new ApiServer(settings, port);
    await server.#listen();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** A kubeconfig file that leads here with the token of this moment; removed with the server. */
  get kubeconfig(): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), "api-server-"));
    const file = join(this.#folder, "kubeconfig");
    const user = this.token === undefined ? {} : { token: this.token };
    const config = {
      "current-context": "test",
      contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
      clusters: [{ name: "test", cluster: { server: this.url } }],
      users: [{ name: "test", user }],
    };
    writeFileSync(file, stringify(config));
    return file;
  }

  /** Creates an object or puts it in place of the one of its name; gives it with uid and resourceVersion. */
  apply(object: KubernetesObject): KubernetesObject {
    return this.#store.apply(object);
  }

  /** False: there was none. */
  delete(name: ObjectName): boolean {
    return this.#store.delete(name);
  }

  /** All objects of a kind. */
  objects(resource: Resource): KubernetesObject[] {
    return this.#store.list(resource);
  }

  /** From now on there is this kind. */
  serve(resource: Resource): void {
    this.#store.serve(resource);
  }

  /** From now on there is no such kind, and there are no such objects; its watches end. */
  withdraw(resource: Resource): void {
    this.#store.withdraw(resource);
    for (const watch of this.watches(resource.plural)) watch.end();
  }

  /** Lets POSTs to a path be answered, for instance `/apis/authentication.k8s.io/v1/tokenreviews`. */
  onPost(path: string, handler: PostHandler): void {
    this.#posts.set(path, handler);
  }

  /** Open watches of a kind, or all. */
  watches(plural?: string): ApiServerWatch[] {
    return [...this.#watches].filter(({ scope }) => plural === undefined || scope.resource.plural === plural);
  }

  /** Sends a bookmark on every watch. */
  bookmark(): void {
    for (const watch of this.#watches) watch.bookmark(this.#store.version);
  }

  /** Forgets its history, as etcd does after some minutes: lists and watches that began before get 410. */
  compact(): void {
    this.#store.forgetHistory();
    this.#lists.clear();
  }

  /** Forgets all objects and counts versions anew: another cluster at the same address. */
  forgetAll(): void {
    this.#store.forgetAll();
    this.#lists.clear();
  }

  /** Closes its port and breaks every connection. */
  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  /** Listens on its port again, with the objects that it had. */
  async up(): Promise<void> {
    if (this.#server === undefined) await this.#listen();
  }

  /** Ends the server for good. */
  async stop(): Promise<void> {
    await this.down();
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true });
  }

  async #listen(): Promise<void> {
    const server = createServer((request, response) => {
      this.#answer(request, response).catch((error: Error) => sendStatus(response, 500, error.message));
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, "127.0.0.1", resolve);
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams: query } = new URL(request.url ?? "/", this.url);
    const [, group = "", version = "", namespace = "", plural = "", name = ""] = PATH.exec(pathname) ?? [];
    const read = query.get("watch") === "true" ? "watch" : name === "" ? "list" : "get";
    const verb = request.method === "POST" ? "post" : read;
    const { authorization } = request.headers;
    this.requests.push({ verb, path: pathname, plural, query: Object.fromEntries(query), authorization });
    const fault = this.faults.take({ verb, plural, namespace });
    if (fault?.kind === "slow") await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
    else if (fault !== undefined) return misbehave(response, fault);
    if (this.token !== undefined && authorization !== `Bearer ${this.token}`) {
      return sendStatus(response, 401, "Unauthorized");
    }
    if (verb === "post") return await this.#post(request, response, pathname);
    const resource = this.#store.find({ group, version, plural });
    if (resource === undefined) return sendStatus(response, 404, "the server could not find the requested resource");
    const target = { resource, namespace, name };
    try {
      if (verb === "watch") this.#watch(response, target, query);
      else if (verb === "list") this.#list(response, target, query);
      else this.#get(response, target);
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error;
      sendStatus(response, 400, error.message);
    }
  }

  async #post(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const handler = this.#posts.get(path);
    const answer = handler === undefined ? 404 : handler(JSON.parse(Buffer.concat(chunks).toString()));
    if (typeof answer === "number") return sendStatus(response, answer, `planned ${answer}`);
    response.writeHead(201, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
  }

  #get(response: ServerResponse, { resource, namespace, name }: Target): void {
    const object = this.#store.get(resource, namespace, name);
    if (object === undefined) {
      sendStatus(response, 404, `${resource.plural} "${name}" not found`);
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(object));
  }

  #list(response: ServerResponse, target: Target, query: URLSearchParams): void {
    const token = query.get("continue");
    const [id = "", from = "0"] = token?.split(":") ?? [];
    const known = this.#lists.get(id);
    if (token !== null && known === undefined) {
      sendStatus(response, 410, "The provided continue parameter is too old");
      return;
    }
    const matches = this.#matches(target, query);
    const list = known ?? {
      objects: this.#store.list(target.resource).filter(matches),
      version: this.#store.version,
    };
    const begin = Number(from);
    const end = begin + (Number(query.get("limit")) || list.objects.length);
    const metadata: Record<string, unknown> = { resourceVersion: String(list.version) };
    if (end < list.objects.length) {
      const listId = known === undefined ? String(++this.#lastList) : id;
      this.#lists.set(listId, list);
      metadata.continue = `${listId}:${end}`;
      metadata.remainingItemCount = list.objects.length - end;
    }
    const { kind, group } = target.resource;
    const page = list.objects.slice(begin, end);
    // As in the API: a list's objects of its own kinds do not say what they are, those of installed kinds do.
    const items = group === "" ? page.map(({ apiVersion: _, kind: __, ...rest }) => rest) : page;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ kind: `${kind}List`, apiVersion: apiVersionOf(target.resource), metadata, items }));
  }

  #watch(response: ServerResponse, target: Target, query: URLSearchParams): void {
    const from = Number(query.get("resourceVersion"));
    const scope = {
      resource: target.resource,
      matches: this.#matches(target, query),
      bookmarks: query.get("allowWatchBookmarks") === "true",
      query,
    };
    const watch = new ApiServerWatch(scope, response);
    if (from < this.#store.oldest) {
      watch.fail(410, `too old resource version: ${from} (${this.#store.oldest})`);
      return;
    }
    for (const change of this.#store.since(from)) watch.tell(change);
    this.#watches.add(watch);
    const seconds = Number(query.get("timeoutSeconds")) || 1800;
    const timer = setTimeout(() => {
      watch.bookmark(this.#store.version);
      watch.end();
    }, seconds * 1000);
    response.on("close", () => {
      clearTimeout(timer);
      this.#watches.delete(watch);
    });
  }

  #matches({ namespace, name }: Target, query: URLSearchParams): (object: KubernetesObject) => boolean {
    const selected = compileSelectors(query.get("labelSelector") ?? "", query.get("fieldSelector") ?? "");
    return (object) =>
      (namespace === "" || object.metadata.namespace === namespace) &&
      (name === "" || object.metadata.name === name) &&
      selected(object);
  }
}
