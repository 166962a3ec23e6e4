import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import { type SpanObserver, SpanQueue } from "../../../sidecar/tracing/span-queue.ts";
import { ManualClock } from "../support/manual-clock.ts";

/** A collector that answers when a test says so, and what the queue told. */
function waiting() {
  const clock = new ManualClock();
  const batches: number[] = [];
  const answers: ((code: number) => Promise<void>)[] = [];
  const told: string[] = [];
  let shut = 0;
  const exporter: SpanExporter = {
    export(spans, done) {
      batches.push(spans.length);
      answers.push(async (code) => {
        done({ code });
        await new Promise<void>((resolve) => setImmediate(resolve));
      });
    },
    shutdown: async () => void shut++,
  };
  const observer: SpanObserver = {
    exported: (count) => told.push(`${count} exported`),
    dropped: (reason, count) => told.push(`${count} ${reason}`),
  };
  const queue = new SpanQueue(exporter, observer, clock);
  const end = (count: number) => {
    for (let i = 0; i < count; i++) queue.onEnd({} as ReadableSpan);
  };
  return { clock, batches, answers, told, queue, end, shut: () => shut };
}

test("spans go together after a second, or at once where there are 512", async () => {
  const { clock, batches, answers, told, end } = waiting();
  end(3);
  clock.advance(999);
  assert.deepEqual(batches, []);
  clock.advance(1);
  assert.deepEqual(batches, [3]);
  await answers[0]!(0);
  assert.deepEqual(told, ["3 exported"]);
  end(511);
  assert.deepEqual(batches, [3]);
  end(1);
  assert.deepEqual(batches, [3, 512]);
});

test("while the collector takes its time spans wait, 2048 at most, and the rest is dropped at once", async () => {
  const { clock, batches, answers, told, end } = waiting();
  end(512);
  end(2048);
  assert.deepEqual([batches, told], [[512], []]);
  end(2);
  assert.deepEqual(told, ["1 queue_full", "1 queue_full"]);
  await answers[0]!(1);
  assert.deepEqual(told.slice(2), ["512 export_failed"], "what failed is not sent again");
  assert.deepEqual(batches, [512, 512], "the next ones go");
  clock.advance(60_000);
  assert.deepEqual(batches, [512, 512], "one at a time");
});

test("the end sends what waits, and waits for nobody who does not answer", async () => {
  const good = waiting();
  good.end(600);
  await good.answers[0]!(0);
  const over = good.queue.shutdown();
  await good.answers[1]!(0);
  await over;
  assert.deepEqual([good.batches, good.told, good.shut()], [[512, 88], ["512 exported", "88 exported"], 1]);
  good.end(1);
  assert.deepEqual(good.told.at(-1), "1 queue_full");

  const dead = waiting();
  dead.end(600);
  const given = dead.queue.shutdown();
  dead.clock.advance(2000);
  await given;
  assert.deepEqual(dead.told, ["600 export_failed"]);
  await dead.answers[0]!(0);
  assert.deepEqual(dead.told, ["600 export_failed"], "they count once, whatever comes of them after all");
});

test("an exporter that throws loses its batch and nothing else", async () => {
  const clock = new ManualClock();
  const told: string[] = [];
  const throwing: SpanExporter = {
    export() {
      throw new Error("no credentials");
    },
    shutdown: async () => undefined,
  };
  const queue = new SpanQueue(
    throwing,
    {
      exported: () => told.push("exported"),
      dropped: (reason, count, error) => told.push(`${count} ${reason}: ${error?.message}`),
    },
    clock,
  );
  queue.onEnd({} as ReadableSpan);
  await queue.forceFlush();
  queue.onEnd({} as ReadableSpan);
  await queue.forceFlush();
  assert.deepEqual(told, ["1 export_failed: no credentials", "1 export_failed: no credentials"]);
});
