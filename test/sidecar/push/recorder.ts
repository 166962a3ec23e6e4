import type { Log } from "../../../sidecar/observe/log.ts";
import type { PushObserver } from "../../../sidecar/push/push-observer.ts";

/** Counts what the push reports. */
export class RecordingObserver implements PushObserver {
  readonly kinds: string[] = [];
  readonly refusals: string[] = [];
  readonly latencies: number[] = [];
  bytes = 0;
  skips = 0;
  drops = 0;
  connected = 0;

  pushed(kind: string, bytes: number): void {
    this.kinds.push(kind);
    this.bytes += bytes;
  }

  skipped(): void {
    this.skips++;
  }

  journalsDropped(count: number): void {
    this.drops += count;
  }

  acknowledged(seconds: number): void {
    this.latencies.push(seconds);
  }

  refused(direction: string, reason: string, count: number): void {
    this.refusals.push(`${direction} ${reason} ${count}`);
  }

  gateways(count: number): void {
    this.connected = count;
  }
}

/** Keeps log lines as `level message`, with their fields. */
export class RecordingLog implements Log {
  readonly lines: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  readonly debug = this.#level("debug");
  readonly info = this.#level("info");
  readonly warn = this.#level("warn");
  readonly error = this.#level("error");

  /** Lines with that message. */
  of(message: string): Record<string, unknown>[] {
    return this.lines.filter((line) => line.message === message).map((line) => line.fields);
  }

  #level(level: string): Log["info"] {
    const record = (fields: unknown, message?: unknown): void => {
      this.lines.push({ level, message: String(message ?? fields), fields: fields as Record<string, unknown> });
    };
    return record as Log["info"];
  }
}
