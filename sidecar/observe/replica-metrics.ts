import { Counter, Gauge, type Registry } from "prom-client";
import { TRAVELLING } from "../replicas/counts.ts";
import { REFUSALS } from "../replicas/messages.ts";
import type { ReplicaReport } from "../replicas/replicas.ts";

/** Adds what the exchange between replicas tells of itself, read from its report when scraped. */
export function registerReplicaMetrics(registry: Registry, report: ReplicaReport): void {
  const { counts } = report;
  const registers = [registry];
  new Gauge({
    name: "inline_epp_replicas",
    help: "Replicas that live, this one included.",
    registers,
    collect() {
      this.set(report.replicas);
    },
  });
  new Gauge({
    name: "inline_epp_redis_connected",
    help: "1 where what this replica sends through Redis comes back, 0 where it works alone.",
    registers,
    collect() {
      this.set(report.connected ? 1 : 0);
    },
  });
  new Counter({
    name: "inline_epp_replica_messages_total",
    help: "Messages to other replicas and from them, and batches of journals.",
    labelNames: ["direction", "kind"],
    registers,
    collect() {
      this.reset();
      for (const kind of TRAVELLING) {
        this.inc({ direction: "sent", kind }, counts.sent[kind]);
        this.inc({ direction: "received", kind }, counts.received[kind]);
      }
    },
  });
  new Counter({
    name: "inline_epp_replica_messages_dropped_total",
    help: "Messages and batches of journals that were not sent because Redis was too slow or broke off.",
    labelNames: ["kind"],
    registers,
    collect() {
      this.reset();
      for (const kind of TRAVELLING) this.inc({ kind }, counts.dropped[kind]);
    },
  });
  new Counter({
    name: "inline_epp_replica_messages_refused_total",
    help: "Messages and batches of journals of other replicas that were not accepted.",
    labelNames: ["reason"],
    registers,
    collect() {
      this.reset();
      for (const reason of REFUSALS) this.inc({ reason }, counts.refused[reason]);
    },
  });
}
