interface Queue {
  readonly messages: Uint8Array[];
  /** Tells whoever registered it last that there is a message. */
  ready: () => void;
}

/**
 * What Envoy calls shared queues: messages between the VMs of one vm_id, in order. A name keeps its token whoever
 * registers it; the last to do so is told of messages.
 */
export class SharedQueues {
  readonly #tokens = new Map<string, number>();
  readonly #queues = new Map<number, Queue>();

  /** Makes a queue, or takes it over. Returns its token, from 1. */
  register(name: string, ready: () => void): number {
    const token = this.#tokens.get(name) ?? this.#tokens.size + 1;
    this.#tokens.set(name, token);
    const queue = this.#queues.get(token);
    if (queue) queue.ready = ready;
    else this.#queues.set(token, { messages: [], ready });
    return token;
  }

  /** Adds a copy of the message. False: there is no such queue. */
  enqueue(token: number, message: Uint8Array): boolean {
    const queue = this.#queues.get(token);
    if (!queue) return false;
    queue.messages.push(message.slice());
    queue.ready();
    return true;
  }

  /** Takes the first message out; undefined where there is none, null where there is no such queue. */
  dequeue(token: number): Uint8Array | undefined | null {
    const queue = this.#queues.get(token);
    return queue ? queue.messages.shift() : null;
  }
}
