// One watch of an API server for tests, and what can go wrong with it.

import type { ServerResponse } from "node:http";
import type { Resource } from "../../sidecar/kubernetes/resource.ts";
import type { Change, KubernetesObject } from "./api-server-store.ts";

/** What a watch is for. */
export interface WatchScope {
  readonly resource: Resource;
  readonly matches: (object: KubernetesObject) => boolean;
  readonly bookmarks: boolean;
  readonly query: URLSearchParams;
}

function line(type: string, object: unknown): string {
  return `${JSON.stringify({ type, object })}\n`;
}

/** An open watch. Its methods misbehave on request. */
export class ApiServerWatch {
  readonly scope: WatchScope;
  readonly #response: ServerResponse;
  readonly #sent: string[] = [];
  /** Events that wait to be sent the other way round. */
  #held: string[] = [];
  #holdFor = 0;
  /** Nothing is sent any more: it has ended, or plays dead. */
  #mute = false;

  constructor(scope: WatchScope, response: ServerResponse) {
    this.scope = scope;
    this.#response = response;
    response.writeHead(200, { "content-type": "application/json", "transfer-encoding": "chunked" });
    response.flushHeaders();
  }

  /** Tells of a change where the watch is for it: one that leaves the selection looks deleted. */
  tell({ resource, before, object, after }: Change): void {
    if (resource !== this.scope.resource) return;
    const was = before !== undefined && this.scope.matches(before);
    const is = after !== undefined && this.scope.matches(after);
    if (is) this.#event(line(was ? "MODIFIED" : "ADDED", object));
    else if (was) {
      const { resourceVersion } = object.metadata;
      this.#event(line("DELETED", { ...before, metadata: { ...before.metadata, resourceVersion } }));
    }
  }

  bookmark(version: number): void {
    if (!this.scope.bookmarks) return;
    // A bookmark says that nothing before it is missing.
    this.release();
    const { kind, group, version: apiVersion } = this.scope.resource;
    const metadata = { resourceVersion: String(version), creationTimestamp: null };
    this.write(line("BOOKMARK", { kind, apiVersion: group === "" ? apiVersion : `${group}/${apiVersion}`, metadata }));
  }

  /** An ERROR event, as for a version that is too old; ends the watch. */
  fail(code: number, message: string): void {
    this.write(line("ERROR", { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", code, message }));
    this.end();
  }

  /** Bytes as they stand. */
  write(text: string | Buffer): void {
    if (!this.#mute) this.#response.write(text);
  }

  /** Ends as an API server does when the time is over. */
  end(): void {
    if (!this.#mute) this.#response.end();
    this.#mute = true;
  }

  /** Breaks the connection. */
  drop(): void {
    this.#response.socket?.destroy();
  }

  /** Says nothing any more, and keeps the connection. */
  freeze(): void {
    this.#mute = true;
  }

  /** Half of an event, and the end. */
  truncate(): void {
    const text = this.#sent.at(-1) ?? line("ADDED", { metadata: { name: "truncated" } });
    this.write(text.slice(0, text.length / 2));
    this.end();
  }

  /** The last so many events again, the last one first. */
  repeat(count: number): void {
    this.write(this.#sent.slice(-count).reverse().join(""));
  }

  /** Holds the next so many events back and then sends them the other way round. */
  reorder(count: number): void {
    this.#holdFor = count;
  }

  /** Sends what was held back, without waiting for more. */
  release(): void {
    this.#holdFor = 0;
    if (this.#held.length > 0) this.write(this.#held.reverse().join(""));
    this.#held = [];
  }

  #event(text: string): void {
    this.#sent.push(text);
    if (this.#holdFor === 0) {
      this.write(text);
      return;
    }
    this.#held.push(text);
    if (this.#held.length >= this.#holdFor) this.release();
  }
}
