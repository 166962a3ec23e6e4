import type { ReadableSpan, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { Clock } from "../support/clock.ts";

/** OpenTelemetry's defaults of a batch processor, but for the delay: five seconds are long for who waits for a trace. */
const MOST_WAITING = 2048;
const MOST_AT_ONCE = 512;
const DELAY_MS = 1000;
/** How long the end of the process waits for the collector. */
const FAREWELL_MS = 2000;

/** Why spans were lost. */
export type SpanLoss = "queue_full" | "export_failed";

/** Who hears what becomes of spans. */
export interface SpanObserver {
  exported(count: number): void;
  dropped(reason: SpanLoss, count: number, error?: Error): void;
}

/** Where spans wait for the next export: so many at most, the rest is dropped. One export is under way at a time. */
export class SpanQueue implements SpanProcessor {
  readonly #exporter: SpanExporter;
  readonly #observer: SpanObserver;
  readonly #clock: Pick<Clock, "after">;
  #waiting: ReadableSpan[] = [];
  #cancel: (() => void) | undefined;
  #underWay: Promise<void> | undefined;
  /** Spans of the export that is under way. */
  #sending = 0;
  #over = false;

  constructor(exporter: SpanExporter, observer: SpanObserver, clock: Pick<Clock, "after">) {
    this.#exporter = exporter;
    this.#observer = observer;
    this.#clock = clock;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.#over || this.#waiting.length >= MOST_WAITING) {
      this.#observer.dropped("queue_full", 1);
      return;
    }
    this.#waiting.push(span);
    this.#schedule();
  }

  /** Exports all that waits. */
  async forceFlush(): Promise<void> {
    while (this.#underWay !== undefined || this.#waiting.length > 0) {
      if (this.#underWay === undefined) this.#export();
      await this.#underWay;
    }
  }

  /** Exports what waits, unless that takes too long, and takes no more. */
  async shutdown(): Promise<void> {
    this.#over = true;
    let cancel: (() => void) | undefined;
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.after(FAREWELL_MS, resolve);
    });
    await Promise.race([this.forceFlush().then(() => this.#exporter.shutdown()), late]);
    cancel?.();
    this.#cancel?.();
    // What is still under way may arrive, but nobody will be there to hear of it.
    const lost = this.#waiting.splice(0).length + this.#sending;
    this.#sending = 0;
    if (lost > 0) this.#observer.dropped("export_failed", lost);
  }

  #schedule(): void {
    if (this.#underWay !== undefined) return;
    if (this.#waiting.length >= MOST_AT_ONCE) this.#export();
    else this.#cancel ??= this.#clock.after(DELAY_MS, () => this.#export());
  }

  #export(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const batch = this.#waiting.splice(0, MOST_AT_ONCE);
    if (batch.length === 0) return;
    this.#underWay = this.#send(batch).then(() => {
      this.#underWay = undefined;
      if (this.#waiting.length > 0 && !this.#over) this.#schedule();
    });
  }

  #send(batch: ReadableSpan[]): Promise<void> {
    this.#sending = batch.length;
    const sent = new Promise<void>((resolve) => {
      this.#exporter.export(batch, ({ code, error }) => {
        this.#sent(code === 0, error);
        resolve();
      });
    });
    return sent.catch((error: Error) => this.#sent(false, error));
  }

  // After the end came first, its spans are counted already.
  #sent(arrived: boolean, error: Error | undefined): void {
    const count = this.#sending;
    this.#sending = 0;
    if (count === 0) return;
    if (arrived) this.#observer.exported(count);
    else this.#observer.dropped("export_failed", count, error);
  }
}
