import { Counts } from "../../../sidecar/replicas/counts.ts";
import { Group } from "../../../sidecar/replicas/group.ts";
import type { ManualClock } from "../support/manual-clock.ts";

/** A channel in memory: delivers at once and in order, or, while it is frozen, not at all. */
export class Bus {
  readonly #clock: ManualClock;
  readonly #groups = new Set<Group>();
  readonly #queue: Buffer[] = [];
  frozen = false;
  messages = 0;
  /** Connections that were given up. */
  dead = 0;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  /** A replica's group, started and attached. */
  join(id: bigint): Group {
    const group = new Group(id, this.#clock, new Counts());
    group.start();
    this.attach(group);
    return group;
  }

  attach(group: Group): void {
    this.#groups.add(group);
    group.attach({
      send: (message) => {
        this.publish(message);
        return true;
      },
      dead: () => {
        this.dead++;
        this.detach(group);
      },
    });
  }

  /** The connection is lost, and the group knows. */
  detach(group: Group): void {
    this.#groups.delete(group);
    group.detach();
  }

  /** The process is gone: it hears and says nothing any more. */
  kill(group: Group): void {
    this.#groups.delete(group);
    group.attach({ send: () => true, dead: () => undefined });
  }

  publish(message: Buffer): void {
    if (this.frozen) return;
    this.messages++;
    this.#queue.push(message);
    // What is sent while a message is delivered comes behind it.
    if (this.#queue.length > 1) return;
    for (; this.#queue.length > 0; this.#queue.shift()) {
      for (const group of this.#groups) group.receive(this.#queue[0]!);
    }
  }
}
