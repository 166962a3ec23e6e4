import { Watch, type WatchContext } from "./kind-watch.ts";
import { LabelSets } from "./label-sets.ts";
import { type PodRecord, podReader, samePod } from "./pod.ts";
import { PODS } from "./resources.ts";

/** The pods of one selector in one namespace. */
export interface PodWatch {
  readonly pods: Watch<PodRecord>;
}

interface Shared extends PodWatch {
  readonly id: string;
  users: number;
}

/** Watches pods by selector: one watch for all pools that have the same, as long as one needs it. */
export class PodWatches {
  readonly #context: WatchContext;
  readonly #onChange: (watch: PodWatch) => void;
  readonly #nodes: boolean;
  readonly #sets = new LabelSets();
  readonly #shared = new Map<string, Shared>();
  readonly #stopping = new Set<Promise<void>>();

  /** @param nodes whether it matters on which node a pod is. */
  constructor(context: WatchContext, nodes: boolean, onChange: (watch: PodWatch) => void) {
    this.#context = context;
    this.#nodes = nodes;
    this.#onChange = onChange;
  }

  /** The watch, begun where there is none yet; to be released as often as it was acquired. */
  acquire(namespace: string, selector: string): PodWatch {
    const id = `${namespace} ${selector}`;
    let shared = this.#shared.get(id);
    if (shared === undefined) {
      const made: Shared = {
        id,
        users: 0,
        pods: new Watch(this.#context, {
          selection: { resource: PODS, namespace, labelSelector: selector },
          read: podReader(this.#sets, this.#nodes),
          same: samePod,
          onChange: () => this.#onChange(made),
        }),
      };
      shared = made;
      this.#shared.set(id, made);
      made.pods.collection.start();
    }
    shared.users++;
    return shared;
  }

  /** Ends the watch where nobody else has it. */
  release(watch: PodWatch): void {
    const shared = watch as Shared;
    if (--shared.users > 0) return;
    this.#shared.delete(shared.id);
    const stopped: Promise<void> = shared.pods.collection.stop().finally(() => this.#stopping.delete(stopped));
    this.#stopping.add(stopped);
  }

  all(): Watch<PodRecord>[] {
    return [...this.#shared.values()].map(({ pods }) => pods);
  }

  /** Ends all watches, whoever has them; resolves when they have ended. */
  async stop(): Promise<void> {
    const open = [...this.#shared.values()].map(({ pods }) => pods.collection.stop());
    this.#shared.clear();
    await Promise.all([...open, ...this.#stopping]);
  }
}
