import { Counter, Gauge, type Registry } from "prom-client";
import type { Collection, CollectionState } from "../kubernetes/collection.ts";
import type { KubernetesObserver } from "../kubernetes/observer.ts";

const STATES: readonly CollectionState[] = ["listing", "watching", "absent", "denied", "away"];

/** Adds what is kept of a cluster's objects, counted when scraped, and what keeping it takes. */
export function registerKubernetesMetrics(registry: Registry): KubernetesObserver {
  const registers = [registry];
  const collections = new Set<Collection<unknown>>();
  new Gauge({
    name: "inline_epp_kubernetes_objects",
    help: "Objects kept of a kind.",
    labelNames: ["kind"],
    registers,
    collect() {
      this.reset();
      for (const { selection, objects } of collections) this.inc({ kind: selection.resource.kind }, objects.size);
    },
  });
  new Gauge({
    name: "inline_epp_kubernetes_collections",
    help: "Selections of objects of a kind by how they stand; all but watching and absent ones want a look.",
    labelNames: ["kind", "state"],
    registers,
    collect() {
      this.reset();
      for (const { selection } of collections) {
        for (const state of STATES) this.set({ kind: selection.resource.kind, state }, 0);
      }
      for (const { selection, state } of collections) this.inc({ kind: selection.resource.kind, state });
    },
  });
  const lists = new Counter({
    name: "inline_epp_kubernetes_lists_total",
    help: "Complete lists read.",
    labelNames: ["kind"],
    registers,
  });
  const watches = new Counter({
    name: "inline_epp_kubernetes_watches_total",
    help: "Watches opened.",
    labelNames: ["kind"],
    registers,
  });
  const events = new Counter({
    name: "inline_epp_kubernetes_events_total",
    help: "Events read from watches.",
    labelNames: ["kind", "type"],
    registers,
  });
  const errors = new Counter({
    name: "inline_epp_kubernetes_errors_total",
    help: "What did not go as it should, by reason; silent watches are usual where little happens.",
    labelNames: ["kind", "reason"],
    registers,
  });
  return {
    started: (collection) => collections.add(collection),
    stopped: (collection) => collections.delete(collection),
    listed: (kind) => lists.inc({ kind }),
    watched: (kind) => watches.inc({ kind }),
    event: (kind, type) => events.inc({ kind, type }),
    failed: (kind, reason) => errors.inc({ kind, reason }),
  };
}
