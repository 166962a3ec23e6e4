import assert from "node:assert/strict";
import { test } from "node:test";
import { Scraper } from "../../../sidecar/simulate/scraper.ts";
import { Engine } from "../../../simulator/engine.ts";
import { VirtualClock } from "../../../simulator/virtual-clock.ts";
import * as L from "../../../wire/layout.ts";

const TIMING = { prefillBaseMs: 1000, prefillPerTokenMs: 0, decodePerTokenMs: 1, maxNumSeqs: 1, timeScale: 1 };

/** Age, counter, waiting and running of each sample, and the frame's sequence. */
function read(frame: Uint8Array) {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const samples = Array.from({ length: view.getUint32(L.LOAD_ENDPOINTS, true) }, (_, index) => {
    const at = L.LOAD_BYTES + index * L.SAMPLE_BYTES;
    return [
      view.getUint32(at + L.SAMPLE_AGE, true),
      view.getUint16(at + L.SAMPLE_COUNTER, true),
      view.getUint32(at + L.SAMPLE_WAITING, true),
      view.getUint32(at + L.SAMPLE_RUNNING, true),
    ];
  });
  return { sequence: view.getBigUint64(L.LOAD_SEQUENCE, true), samples };
}

function setUp(interval: number, servers: number) {
  const clock = new VirtualClock();
  const engines = Array.from(
    { length: servers },
    () => new Engine({ ...TIMING, maxLoras: 1, blockSize: 16, numGpuBlocks: 64 }, clock),
  );
  const pushed: { at: number; sequence: bigint; samples: number[][] }[] = [];
  let on = true;
  const scraper = new Scraper({
    clock,
    engines,
    pool: "a/b",
    rosterEpoch: 1n,
    interval,
    active: () => on,
    push: (frame) => pushed.push({ at: clock.now(), ...read(frame) }),
  });
  const stop = () => {
    on = false;
  };
  return { clock, engines, pushed, scraper, stop };
}

test("engines are looked at in turns, and each sample has its true age", () => {
  const { clock, engines, pushed } = setUp(100, 2);
  clock.advanceTo(60);
  const spec = { adapter: null, promptTokens: 16, blockHashes: [1], outputTokens: 2, finishReason: "stop" as const };
  for (let i = 0; i < 3; i++) engines[0]!.submit({ ...spec, onTokens: () => {} });
  clock.advanceTo(160);
  // Looks at 50 (first), 100 (second) and 150 (first), each told of 1 ms later.
  assert.deepEqual(pushed, [
    {
      at: 51,
      sequence: 1n,
      samples: [
        [1, 1, 0, 0],
        [51, 0, 0, 0],
      ],
    },
    {
      at: 101,
      sequence: 2n,
      samples: [
        [51, 1, 0, 0],
        [1, 1, 0, 0],
      ],
    },
    {
      at: 151,
      sequence: 3n,
      samples: [
        [1, 2, 2, 1],
        [51, 1, 0, 0],
      ],
    },
  ]);
});

test("what is scraped within a millisecond goes in one frame", () => {
  const { clock, pushed } = setUp(10, 100);
  clock.advanceTo(10);
  // A look every 0.1 ms: at 0.1 the first, told of at 1.1, then 1.2, told of at 2.2, ...
  assert.deepEqual(
    pushed.map(({ at }) => Math.round(at * 10)),
    [11, 22, 33, 44, 55, 66, 77, 88, 99],
  );
});

test("what is known can be had at any time", () => {
  const { clock, scraper } = setUp(100, 2);
  clock.advanceTo(57);
  assert.deepEqual(read(scraper.frame()).samples, [
    [7, 1, 0, 0],
    [57, 0, 0, 0],
  ]);
});

test("scraping ends with the run", () => {
  const { clock, pushed, stop } = setUp(100, 2);
  clock.advanceTo(120);
  stop();
  clock.runAll();
  assert.ok(clock.now() <= 200);
  assert.equal(pushed.length, 2);
});
