// Random changes of a namespace's pods and pools, the same for the same seed.

import { createRandom } from "../../simulator/random.ts";
import type { KubeClient, KubeObject } from "../harness/kube-client.ts";
import { podObject, poolObject, runningStatus } from "../harness/kube-objects.ts";

const APPS = ["base", "big", "draft"];
const TIERS = ["a", "b"];
const PORTS = [8000, 8001, 8002, 8003];
const PODS_AT_MOST = 40;
const POOLS_AT_MOST = 4;

type Pod = { object: KubeObject; ip: string | null; finished: boolean };

/** One namespace, and what happens in it. */
export class Storm {
  readonly #admin: KubeClient;
  readonly #namespace: string;
  readonly #random: () => number;
  readonly #network: string;
  readonly #pods: Pod[] = [];
  readonly #pools: KubeObject[] = [];
  readonly #freeIps: string[] = [];
  #names = 0;
  #ips = 0;
  /** What was done, to tell of when the outcome is wrong. */
  readonly done: string[] = [];

  /** @param network the first two parts of the pods' addresses, "10.1". */
  constructor(admin: KubeClient, namespace: string, network: string, seed: number) {
    this.#admin = admin;
    this.#namespace = namespace;
    this.#network = network;
    this.#random = createRandom(seed);
  }

  /** So many changes, one after the other. */
  async rage(changes: number): Promise<void> {
    for (let i = 0; i < changes; i++) await this.#change();
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #oneOf<T>(items: readonly T[]): T {
    return items[this.#below(items.length)]!;
  }

  #labels(): Record<string, string> {
    const labels = { app: this.#oneOf(APPS), tier: this.#oneOf(TIERS) };
    return this.#below(8) === 0 ? {} : labels;
  }

  #ports(): number[] {
    const first = this.#below(PORTS.length);
    return PORTS.slice(first, first + 1 + this.#below(3));
  }

  #selector(): Record<string, string> {
    return this.#below(2) === 0 ? { app: this.#oneOf(APPS) } : { app: this.#oneOf(APPS), tier: this.#oneOf(TIERS) };
  }

  /** An address that no running pod has: of one that has ended, as clusters do, or a new one. */
  #ip(): string {
    const free = this.#below(2) === 0 ? this.#freeIps.shift() : undefined;
    if (free !== undefined) return free;
    const next = this.#ips++;
    return `${this.#network}.${next >> 8}.${next & 255}`;
  }

  #free(pod: Pod): void {
    if (pod.ip !== null) this.#freeIps.push(pod.ip);
    pod.ip = null;
  }

  async #change(): Promise<void> {
    const dice = this.#below(100);
    if (this.#pools.length === 0 || dice < 6) return this.#addPool();
    if (dice < 16) return this.#changePool();
    if (dice < 19) return this.#removePool();
    if (this.#pods.length === 0 || dice < 42) return this.#addPod();
    const pod = this.#oneOf(this.#pods);
    if (dice < 62) return this.#setReadiness(pod);
    if (dice < 72) return this.#relabel(pod);
    if (dice < 77) return this.#setActivePorts(pod);
    if (dice < 82) return this.#finish(pod);
    if (dice < 88) return this.#terminate(pod);
    if (dice < 93) return this.#replace(pod);
    return this.#remove(pod);
  }

  #note(what: string, object: KubeObject, more: unknown = ""): void {
    this.done.push(`${what} ${object.metadata.name} ${JSON.stringify(more)}`);
  }

  async #addPool(): Promise<void> {
    if (this.#pools.length >= POOLS_AT_MOST) return this.#changePool();
    const pool = poolObject(this.#namespace, `pool-${this.#names++}`, this.#selector(), this.#ports());
    this.#note("add", pool, pool.spec);
    this.#pools.push(pool);
    await this.#admin.create(pool);
  }

  async #changePool(): Promise<void> {
    const pool = this.#oneOf(this.#pools);
    // A merge patch would keep the selector's other labels.
    const { spec } = poolObject(this.#namespace, pool.metadata.name, this.#selector(), this.#ports());
    this.#note("change", pool, spec);
    await this.#admin.apply({ ...pool, spec });
  }

  async #removePool(): Promise<void> {
    const [pool] = this.#pools.splice(this.#below(this.#pools.length), 1);
    this.#note("remove", pool!);
    await this.#admin.delete(pool!);
  }

  async #addPod(name = `pod-${this.#names++}`): Promise<void> {
    if (this.#pods.length >= PODS_AT_MOST) return this.#remove(this.#oneOf(this.#pods));
    const node = this.#below(4) === 0 ? null : "node-1";
    const object = podObject({ namespace: this.#namespace, name, labels: this.#labels(), node });
    const pod: Pod = { object, ip: null, finished: false };
    this.#pods.push(pod);
    this.#note("add", object, object.metadata.labels);
    await this.#admin.create(object);
    // Some stay pending.
    if (this.#below(6) > 0) await this.#setReadiness(pod);
  }

  async #setReadiness(pod: Pod): Promise<void> {
    pod.ip ??= this.#ip();
    pod.finished = false;
    const ready = this.#below(3) > 0;
    this.#note("run", pod.object, { ready, ip: pod.ip });
    await this.#admin.patchStatus(pod.object, runningStatus(pod.ip, ready));
  }

  async #relabel(pod: Pod): Promise<void> {
    const labels = { app: null, tier: null, ...this.#labels() };
    this.#note("relabel", pod.object, labels);
    await this.#admin.patch(pod.object, { metadata: { labels } });
  }

  async #setActivePorts(pod: Pod): Promise<void> {
    const ports = this.#below(2) === 0 ? null : this.#ports().join(",");
    this.#note("active ports of", pod.object, ports);
    await this.#admin.patch(pod.object, { metadata: { annotations: { "llm-d.ai/active-ports": ports } } });
  }

  async #finish(pod: Pod): Promise<void> {
    const phase = this.#oneOf(["Succeeded", "Failed"]);
    this.#note("finish", pod.object, phase);
    await this.#admin.patchStatus(pod.object, { phase, conditions: [{ type: "Ready", status: "False" }] });
    pod.finished = true;
    this.#free(pod);
  }

  /** A pod that runs on a node is still there afterwards, and may change until it is removed. */
  async #terminate(pod: Pod): Promise<void> {
    this.#note("terminate", pod.object);
    const hasNode = (pod.object.spec as { nodeName?: string }).nodeName !== undefined;
    if (!hasNode || pod.finished) return this.#remove(pod);
    await this.#admin.delete(pod.object);
  }

  async #remove(pod: Pod): Promise<void> {
    this.#note("remove", pod.object);
    this.#pods.splice(this.#pods.indexOf(pod), 1);
    await this.#admin.delete(pod.object, 0);
    this.#free(pod);
  }

  /** As a StatefulSet does: another pod of the same name. */
  async #replace(pod: Pod): Promise<void> {
    await this.#remove(pod);
    await this.#addPod(pod.object.metadata.name);
  }
}
