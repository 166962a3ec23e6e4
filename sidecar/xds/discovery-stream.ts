// One stream of Envoy's discovery protocol, state of the world: Envoy says which names it wants, gets those resources,
// and again each time that one of them changes.

import { status } from "@grpc/grpc-js";
import type { GrpcCall } from "../grpc/call.ts";
import { bytes, contentsOf, joined, messageIn, textIn } from "../protobuf/fields.ts";
import type { Resources } from "./resources.ts";
import { any } from "./values.ts";

/** DiscoveryRequest. */
const NODE = 2;
const RESOURCE_NAMES = 3;
const ERROR_DETAIL = 6;

/** Hears what becomes of a stream. */
export interface StreamObserver {
  /** The Envoy does not take what it was sent, and keeps what it had. */
  refused(node: string, names: readonly string[], reason: string): void;
  /** It is over. */
  ended(): void;
}

const decoder = new TextDecoder();

function sameNames(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a !== undefined && a.length === b.length && a.every((name, index) => name === b[index]);
}

/** Serves a stream until it ends. What is no DiscoveryRequest ends it. */
export function serveDiscovery(call: GrpcCall, resources: Resources, observer: StreamObserver): void {
  let names: readonly string[] | undefined;
  let node = "";
  let version = 0;

  function send(): void {
    const found = (names ?? []).flatMap((name) => resources.resource(name) ?? []);
    if (found.length === 0) return;
    const number = String(++version);
    call.write(
      joined(
        bytes(1, number),
        ...found.map((resource) => bytes(2, any(resources.type, resource))),
        bytes(4, `type.googleapis.com/${resources.type}`),
        bytes(5, number),
      ),
    );
  }

  function take(request: Buffer): void {
    const sender = messageIn(request, NODE); // only in the first one
    if (sender !== undefined) node = textIn(sender, 1);
    const wanted = contentsOf(request, RESOURCE_NAMES).map((name) => decoder.decode(name));
    const error = messageIn(request, ERROR_DETAIL);
    if (error !== undefined) observer.refused(node, wanted, textIn(error, 2));
    // All else confirms what was sent.
    if (sameNames(names, wanted)) return;
    names = wanted;
    send();
  }

  const unsubscribe = resources.subscribe((name) => {
    if (names?.includes(name)) send();
  });
  const ended = (): void => {
    unsubscribe();
    observer.ended();
  };
  call.listen({
    message(request) {
      try {
        take(request);
      } catch (error) {
        call.fail(status.INVALID_ARGUMENT, `not a DiscoveryRequest: ${(error as Error).message}`);
      }
    },
    halfClosed: () => call.end(),
    closed: ended,
  });
}
