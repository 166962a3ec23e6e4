// Notices that a file has become another one, however it was replaced.

import { watch } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type Clock, systemClock } from "./clock.ts";

export interface WatchOptions {
  readonly clock?: Clock;
  /** Milliseconds between looks at the file that need no event; 500 where left out. */
  readonly poll?: number;
  /** Milliseconds from an event to the look at the file, for writers to finish; 50 where left out. */
  readonly settle?: number;
}

const DEFAULT_POLL = 500;
const DEFAULT_SETTLE = 50;

async function signatureOf(file: string): Promise<string> {
  try {
    // Follows links: in a Kubernetes volume the file is a link through a link that is swapped.
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
  } catch (error) {
    return `none: ${(error as NodeJS.ErrnoException).code}`;
  }
}

/**
 * Calls back when what the path leads to has changed: written in place, replaced by a rename, reached through another
 * link, gone or back. The directory is watched rather than the file, since a file that was replaced tells nothing any
 * more; a poll covers links into other directories and file systems without events. The callback is awaited, and
 * changes meanwhile cause one more call.
 */
export class FileWatch {
  readonly #file: string;
  readonly #onChange: () => Promise<void>;
  readonly #clock: Clock;
  readonly #poll: number;
  readonly #settle: number;
  #signature: string | undefined;
  #cancelLook: () => void = () => undefined;
  /** Whether there was an event since the last look began. */
  #hurried = false;
  #looking = false;
  #closeEvents: () => void = () => undefined;
  #closed = false;

  constructor(file: string, onChange: () => Promise<void>, options: WatchOptions = {}) {
    this.#file = file;
    this.#onChange = onChange;
    this.#clock = options.clock ?? systemClock;
    this.#poll = options.poll ?? DEFAULT_POLL;
    this.#settle = options.settle ?? DEFAULT_SETTLE;
  }

  /** Takes the file as it is now for known; to be called before the file is first read, so that no change is missed. */
  async open(): Promise<void> {
    this.#signature = await signatureOf(this.#file);
    if (this.#closed) return;
    this.#listen();
    this.#lookAfter(this.#poll);
  }

  close(): void {
    this.#closed = true;
    this.#cancelLook();
    this.#closeEvents();
  }

  #listen(): void {
    try {
      const watcher = watch(dirname(this.#file), () => this.#hurry());
      this.#closeEvents = () => watcher.close();
      // Out of watches, or the directory is gone: the poll goes on.
      watcher.on("error", this.#closeEvents);
    } catch {
      this.#closeEvents = () => undefined;
    }
  }

  /** Not put off by further events: a directory that never rests would hide the change for ever. */
  #hurry(): void {
    if (this.#hurried || this.#closed) return;
    this.#hurried = true;
    if (!this.#looking) this.#lookAfter(this.#settle);
  }

  #lookAfter(milliseconds: number): void {
    this.#cancelLook();
    this.#cancelLook = this.#clock.after(milliseconds, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#looking = true;
    this.#hurried = false;
    const signature = await signatureOf(this.#file);
    if (!this.#closed && signature !== this.#signature) {
      // Kept before the callback reads the file: what is written while it reads differs at the next look.
      this.#signature = signature;
      await this.#onChange();
    }
    this.#looking = false;
    if (!this.#closed) this.#lookAfter(this.#hurried ? this.#settle : this.#poll);
  }
}
