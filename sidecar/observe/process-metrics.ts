import { performance } from "node:perf_hooks";
import { Counter, Gauge, type Registry } from "prom-client";

/**
 * The few process metrics that dashboards ask for, read only when scraped. The library's own set would keep an
 * event-loop sampler and a GC observer running for as long as the process does.
 */
export function registerProcessMetrics(registry: Registry): void {
  const registers = [registry];
  new Counter({
    name: "process_cpu_seconds_total",
    help: "User and system CPU time spent, in seconds.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory, in bytes.",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: "nodejs_heap_size_used_bytes",
    help: "Used part of the JavaScript heap, in bytes.",
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  new Counter({
    name: "nodejs_eventloop_active_seconds_total",
    help: "Time that the event loop spent working, in seconds; its rate is the loop's utilisation.",
    registers,
    collect() {
      this.reset();
      this.inc(performance.eventLoopUtilization().active / 1000);
    },
  });
  new Gauge({
    name: "process_start_time_seconds",
    help: "Start of the process, in seconds since 1970.",
    registers,
  }).set(performance.timeOrigin / 1000);
}
