// Envoy Gateway's extension hooks: it asks with what it has made, and goes on with what it is answered. An empty
// answer leaves all as it is; so routes and clusters without a pool, and gateways without any, are none of ours.

import { bytes, contentsOf, fieldsOf, joined, messageIn, textIn } from "../protobuf/fields.ts";
import { filterListener } from "./filter-listener.ts";
import { isPoolCluster, poolCluster } from "./pool-cluster.ts";
import { poolsIn } from "./pool-reference.ts";
import { poolRoute, refusingRoute } from "./pool-route.ts";
import { type SidecarAddress, STATE_CLUSTER, sidecarTarget, stateCluster } from "./sidecar-source.ts";

const UNCHANGED = joined();

/** Why a hook refuses what it is asked; Envoy Gateway logs it and leaves its gateways as they are. */
export class HookRefused extends Error {}

/** Hears what is wrong with a route. */
export type RefusedRoute = (route: string, reason: string) => void;

/** A hook: from the bytes of its request to those of its answer. */
export type Hook = (request: Uint8Array) => Uint8Array;

/** PostRouteModify { Route route = 1; context = 2 { repeated string hostnames = 2; resources = 1 } }. */
function routeHook(refused: RefusedRoute): Hook {
  return (request) => {
    const route = messageIn(request, 1);
    const pools = poolsIn(messageIn(request, 2) ?? UNCHANGED, 1);
    if (route === undefined || pools.length === 0) return UNCHANGED;
    if (pools.length === 1) return bytes(1, poolRoute(route));
    const names = pools.map(({ name }) => name).join(", ");
    const reason = `a rule of an HTTPRoute takes one InferencePool, this one has ${names}`;
    refused(textIn(route, 14), reason);
    return bytes(1, refusingRoute(route, reason));
  };
}

/** PostClusterModify { Cluster cluster = 1; context = 2 { resources = 1 } }. */
function clusterHook(target: string): Hook {
  return (request) => {
    const cluster = messageIn(request, 1);
    const pools = poolsIn(messageIn(request, 2) ?? UNCHANGED, 1);
    // Of several pools the route answers that that cannot be.
    if (cluster === undefined || pools.length !== 1) return UNCHANGED;
    return bytes(1, poolCluster(cluster, pools[0]!, target));
  };
}

/** PostTranslateModify { clusters = 2, secrets = 3, listeners = 4, routes = 5 }; the answer's numbers are one less. */
function translateHook(sidecar: SidecarAddress): Hook {
  const target = sidecarTarget(sidecar);
  return (request) => {
    const clusters = contentsOf(request, 2);
    const isOurs = clusters.some(isPoolCluster);
    if (isOurs && contentsOf(request, 4).length === 0) {
      throw new HookRefused(
        "the hook Translation gets no listeners; " +
          "set translation.listener.includeAll: true in the EnvoyGateway's extensionManager",
      );
    }
    const parts = fieldsOf(request).flatMap(({ number, content }) => {
      if (number < 2 || number > 5 || content === undefined) return [];
      return bytes(number - 1, isOurs && number === 4 ? filterListener(content, target) : content);
    });
    const isThere = clusters.some((cluster) => textIn(cluster, 1) === STATE_CLUSTER);
    return joined(...parts, ...(isOurs && !isThere ? [bytes(1, stateCluster(sidecar))] : []));
  };
}

/** The hooks by the names of their methods. */
export function hooks(sidecar: SidecarAddress, refused: RefusedRoute): Readonly<Record<string, Hook>> {
  const unchanged: Hook = () => UNCHANGED;
  return {
    PostRouteModify: routeHook(refused),
    PostClusterModify: clusterHook(sidecarTarget(sidecar)),
    PostTranslateModify: translateHook(sidecar),
    PostVirtualHostModify: unchanged,
    PostHTTPListenerModify: unchanged,
    PostEndpointsModify: unchanged,
  };
}
