// Reading the answer of a watch: one event per line.

import { ConnectionError, errorOfEvent } from "./errors.ts";
import { type Identity, identityOf, versionOf } from "./identity.ts";
import { LineSplitter } from "./lines.ts";
import { EVENT_TYPES, type EventType } from "./observer.ts";

/** etcd takes objects of 1.5 MiB unless told otherwise. */
const MAX_LINE_BYTES = 16 << 20;

/** What becomes of events. */
export interface EventSink {
  event(type: EventType): void;
  /** An object is there, new or changed. */
  put(identity: Identity, object: unknown): void;
  delete(identity: Identity): void;
  /** Nothing up to this resourceVersion is missing. */
  bookmark(version: string): void;
}

interface Event {
  readonly type: EventType;
  readonly object: unknown;
}

function parseEvent(line: string): Event | undefined {
  try {
    const event = JSON.parse(line) as Event | null;
    return EVENT_TYPES.includes(event?.type as EventType) ? (event as Event) : undefined;
  } catch {
    return undefined;
  }
}

/** Gives the events of one watch to a sink, until one of them means its end. */
export class WatchReader {
  readonly #sink: EventSink;
  readonly #lines = new LineSplitter(MAX_LINE_BYTES);
  /** What ended the watch. */
  #failure: Error | undefined;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  /** Takes all events that end in this chunk. False: the watch is of no more use; `end` says why. */
  write(chunk: Buffer): boolean {
    const isShort = this.#lines.write(chunk, (line) => {
      this.#take(line);
      return this.#failure === undefined;
    });
    if (!isShort) this.#failure ??= new ConnectionError("too_large", `an event is larger than ${MAX_LINE_BYTES} bytes`);
    return this.#failure === undefined;
  }

  /**
   * The answer is over, as the API server meant it.
   * @throws ApiError for an ERROR event, ConnectionError for what is no event.
   */
  end(): void {
    const last = this.#lines.end();
    if (this.#failure === undefined && last !== "") this.#take(last);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #take(line: string): void {
    // Blank lines do no harm.
    if (line.trim() === "") return;
    const event = parseEvent(line);
    if (event === undefined) {
      this.#failure = new ConnectionError("garbage", "a line of the watch is no event");
      return;
    }
    this.#sink.event(event.type);
    if (event.type === "ERROR") {
      this.#failure = errorOfEvent(event.object);
    } else if (event.type === "BOOKMARK") {
      const version = versionOf(event.object);
      if (version === undefined) this.#failure = new ConnectionError("garbage", "a bookmark has no resourceVersion");
      else this.#sink.bookmark(version);
    } else {
      this.#change(event);
    }
  }

  #change({ type, object }: Event): void {
    const identity = identityOf(object);
    if (identity === undefined) {
      this.#failure = new ConnectionError("garbage", "an object of the watch has no name, uid or resourceVersion");
    } else if (type === "DELETED") {
      this.#sink.delete(identity);
    } else {
      this.#sink.put(identity, object);
    }
  }
}
