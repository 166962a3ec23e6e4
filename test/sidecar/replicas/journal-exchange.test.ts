import assert from "node:assert/strict";
import { test } from "node:test";
import { FlightBoard } from "../../../sidecar/push/flight-board.ts";
import { JournalMemory } from "../../../sidecar/push/journal-memory.ts";
import { PEERS } from "../../../sidecar/push/peers.ts";
import { Counts } from "../../../sidecar/replicas/counts.ts";
import { JournalExchange, type JournalSession } from "../../../sidecar/replicas/journal-exchange.ts";
import type { StreamEntry } from "../../../sidecar/replicas/redis-session.ts";
import { isBefore } from "../../../sidecar/replicas/stream-bounds.ts";
import { encodeBeat, encodeJournal } from "../../../wire/encode.ts";
import { RecordingLog } from "../push/recorder.ts";
import { held, heldBlocks } from "../push/records.ts";
import { ManualClock } from "../support/manual-clock.ts";

/** A stream in memory, for any number of sessions. */
class FakeStream {
  entries: StreamEntry[] = [];
  trims: (string | undefined)[] = [];
  renewals = 0;
  refusal: Error | undefined;
  /** Of reading alone. */
  readRefusal: Error | undefined;
  readonly #waiting = new Set<(found: StreamEntry[] | undefined) => void>();
  #number = 0;

  session(): JournalSession & { hasRoom: boolean; end: () => void } {
    let isOver = false;
    let end: (error: Error) => void = () => undefined;
    const over = new Promise<Error>((resolve) => {
      end = resolve;
    });
    const check = (): void => {
      if (isOver) throw new Error("Socket closed unexpectedly");
      if (this.refusal) throw this.refusal;
    };
    return {
      hasRoom: true,
      over,
      end: () => {
        isOver = true;
        end(new Error("ended"));
        this.#wake();
      },
      append: async (_key, fields, oldest) => {
        check();
        this.trims.push(oldest);
        this.put(fields);
      },
      expire: async () => {
        check();
        this.renewals++;
        return this.entries.length > 0;
      },
      lastId: async () => {
        check();
        return this.entries.at(-1)?.id;
      },
      read: async (_key, after) => {
        for (;;) {
          check();
          if (this.readRefusal) throw this.readRefusal;
          const found = this.entries.filter(({ id }) => isBefore(after, id)).slice(0, 16);
          if (found.length > 0) return found;
          const answer = await new Promise<StreamEntry[] | undefined>((resolve) => this.#waiting.add(resolve));
          if (answer !== undefined) return answer;
        }
      },
    };
  }

  /** Reads that wait have waited for as long as they may. */
  endWaiting(): void {
    this.#wake([]);
  }

  put(fields: StreamEntry["fields"]): void {
    this.entries.push({ id: `${++this.#number}-0`, fields });
    this.#wake();
  }

  /** Redis has started again, with nothing in it and an earlier clock. */
  reset(): void {
    this.entries = [];
    this.#number = 0;
  }

  #wake(found?: StreamEntry[]): void {
    for (const one of this.#waiting) one(found);
    this.#waiting.clear();
  }
}

function setUp(id = 1n) {
  const clock = new ManualClock();
  const log = new RecordingLog();
  const counts = new Counts();
  const exchange = new JournalExchange({ key: "k", id, clock, log, counts });
  const journals = new JournalMemory();
  let came = 0;
  exchange.attach({
    told: { flights: new FlightBoard(), journals },
    flightChanged: () => undefined,
    journalCame: () => came++,
  });
  return {
    exchange,
    journals,
    log,
    counts,
    clock,
    /** A gateway tells of a block. */
    learn(gateway: number, block: number): void {
      journals.add(gateway, encodeJournal({ owner: 5n, first: 0n, records: [held(1n, block)] }), 1);
      exchange.changed();
    },
    /** Blocks of everything that is remembered. */
    blocks(): bigint[] {
      const taken = journals.take(journals.first, -1, 10_000_000);
      return taken?.frame === undefined ? [] : heldBlocks(taken.frame);
    },
    get came() {
      return came;
    },
  };
}

/** Lets everything that is resolved go on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

test("what own gateways learn goes out together after 50 ms, and never what peers told", async () => {
  const stream = new FakeStream();
  const rig = setUp();
  rig.exchange.open(stream.session());
  rig.learn(1, 100);
  rig.learn(PEERS, 101);
  rig.learn(2, 102);
  rig.clock.advance(49);
  assert.equal(stream.entries.length, 0);
  rig.clock.advance(1);
  await settle();
  assert.equal(stream.entries.length, 1);
  assert.deepEqual(heldBlocks(stream.entries[0]!.fields.j as Buffer), [100n, 102n]);
  assert.equal(stream.entries[0]!.fields.r?.readBigUInt64LE(), 1n);
  assert.equal(rig.counts.sent.journal, 1);
  assert.deepEqual(rig.blocks(), [100n, 101n, 102n], "its own entry did not come back");
});

test("a replica reads the history first, then what comes", async () => {
  const stream = new FakeStream();
  const one = setUp();
  one.exchange.open(stream.session());
  for (let block = 0; block < 40; block++) {
    one.learn(1, block);
    one.clock.advance(50);
    await settle();
  }
  const two = setUp(2n);
  two.exchange.open(stream.session());
  await settle();
  assert.equal(two.blocks().length, 40);
  one.learn(1, 99);
  one.clock.advance(50);
  await settle();
  assert.equal(two.blocks().at(-1), 99n);
  assert.ok(two.came >= 2);
  assert.equal(two.counts.received.journal, 41);
});

test("after a lost session it goes on where it was; a stream that began anew is read from its beginning", async () => {
  const stream = new FakeStream();
  const [one, two] = [setUp(), setUp(2n)];
  one.exchange.open(stream.session());
  const first = stream.session();
  two.exchange.open(first);
  for (let block = 0; block < 5; block++) {
    one.learn(1, block);
    one.clock.advance(50);
  }
  await settle();
  assert.deepEqual(two.blocks(), [0n, 1n, 2n, 3n, 4n]);
  first.end();
  two.exchange.close();
  await settle();
  one.learn(1, 5);
  one.clock.advance(50);
  const second = stream.session();
  two.exchange.open(second);
  await settle();
  assert.deepEqual(two.blocks(), [0n, 1n, 2n, 3n, 4n, 5n]);
  second.end();
  two.exchange.close();
  stream.reset();
  one.learn(1, 6);
  one.clock.advance(50);
  two.exchange.open(stream.session());
  await settle();
  assert.deepEqual(two.blocks(), [0n, 1n, 2n, 3n, 4n, 5n, 6n]);
  assert.deepEqual(two.log.lines, [], "a lost session is not the journals' news");
});

test("while Redis is away or slow nothing is held but what the push remembers; what that forgets is counted", async () => {
  const stream = new FakeStream();
  const rig = setUp();
  rig.learn(1, 1);
  rig.clock.advance(1000);
  const session = stream.session();
  session.hasRoom = false;
  rig.exchange.open(session);
  rig.clock.advance(1000);
  assert.equal(stream.entries.length, 0);
  const large = encodeJournal({ owner: 5n, first: 0n, records: [held(1n, 2, 8000)] }); // 64 KB
  for (let i = 0; i < 100; i++) rig.journals.add(1, large, 1);
  session.hasRoom = true;
  rig.clock.advance(50);
  await settle();
  assert.ok(rig.counts.dropped.journal > 0);
  assert.equal(rig.counts.dropped.journal + stream.entries.length, 101);
  assert.equal(rig.counts.dropped.journal, rig.journals.first);
});

test("an entry says how far back the stream has to reach", async () => {
  const stream = new FakeStream();
  const rig = setUp();
  rig.exchange.open(stream.session());
  const large = encodeJournal({ owner: 5n, first: 0n, records: [held(1n, 2, 8000)] }); // 64,072 bytes
  for (let i = 0; i < 70; i++) {
    rig.journals.add(1, large, 1);
    rig.exchange.changed();
    rig.clock.advance(50);
    await settle();
  }
  // 64,136 bytes each with what an entry takes: 65 fit into 4 MiB.
  assert.equal(stream.trims.at(0), undefined);
  assert.equal(stream.trims.at(-1), "5-0");
  rig.exchange.close();
  stream.reset();
  rig.exchange.open(stream.session());
  await settle();
  rig.learn(1, 1);
  rig.clock.advance(50);
  await settle();
  assert.equal(stream.trims.at(-1), undefined, "of a new stream nothing is known");
});

test("the stream is renewed every minute, and at once where it was not there yet", async () => {
  const stream = new FakeStream();
  const rig = setUp();
  rig.exchange.open(stream.session());
  rig.exchange.renew();
  await settle();
  assert.equal(stream.renewals, 1);
  rig.learn(1, 1);
  rig.clock.advance(50);
  await settle();
  rig.exchange.renew();
  assert.equal(stream.renewals, 2);
  await settle();
  rig.clock.advance(59_000);
  rig.exchange.renew();
  assert.equal(stream.renewals, 2);
  rig.clock.advance(1000);
  rig.exchange.renew();
  assert.equal(stream.renewals, 3);
});

test("entries that are none are counted and passed over", async () => {
  const stream = new FakeStream();
  const rig = setUp();
  rig.exchange.open(stream.session());
  const r = Buffer.alloc(8, 7);
  const journal = Buffer.from(encodeJournal({ owner: 0n, first: 0n, records: [held(1n, 9)] }));
  const other = Buffer.from(journal);
  other.writeUInt16LE(77, 4);
  stream.put({ r, j: other });
  stream.put({ r, j: Buffer.from("garbage") });
  stream.put({ r, j: Buffer.from(encodeBeat()) });
  stream.put({ j: journal });
  stream.put({ r });
  stream.put({ x: journal });
  stream.put({ r, j: journal });
  await settle();
  assert.deepEqual(rig.blocks(), [9n]);
  assert.deepEqual([rig.counts.refused.version, rig.counts.refused.value], [1, 5]);
});

test("where Redis refuses, the log says so once, and once that it is over", async () => {
  const stream = new FakeStream();
  const rig = setUp();
  rig.exchange.open(stream.session());
  await settle();
  stream.refusal = new Error("OOM command not allowed when used memory > 'maxmemory'.");
  for (let i = 0; i < 5; i++) {
    rig.learn(1, i);
    rig.clock.advance(2000);
    await settle();
  }
  const lines = rig.log.of("prefixes are not exchanged with other replicas");
  assert.deepEqual(
    lines.map(({ failed }) => failed),
    ["appending"],
  );
  assert.equal(rig.log.lines.length, 1);
  assert.equal(rig.counts.dropped.journal, 5);
  stream.refusal = undefined;
  rig.learn(1, 9);
  rig.clock.advance(2000);
  await settle();
  assert.equal(rig.log.of("prefixes are exchanged with other replicas again").length, 1);
});

test("who may not read the stream does not append to it, since nobody would know when to trim it", async () => {
  const stream = new FakeStream();
  const rig = setUp();
  stream.readRefusal = new Error("NOPERM User epp has no permissions to run the 'xread' command");
  rig.exchange.open(stream.session());
  await settle();
  for (let i = 0; i < 5; i++) {
    rig.learn(1, i);
    rig.clock.advance(2000);
    await settle();
  }
  assert.equal(stream.entries.length, 0);
  const lines = rig.log.of("prefixes are not exchanged with other replicas");
  assert.deepEqual(
    lines.map(({ failed }) => failed),
    ["reading"],
  );
  assert.equal(rig.log.lines.length, 1);
  stream.readRefusal = undefined;
  rig.clock.advance(2000);
  await settle();
  stream.endWaiting();
  await settle();
  rig.clock.advance(50);
  await settle();
  assert.deepEqual(
    stream.entries.flatMap(({ fields }) => heldBlocks(fields.j as Buffer)),
    [0n, 1n, 2n, 3n, 4n],
  );
  assert.equal(rig.log.of("prefixes are exchanged with other replicas again").length, 1);
});
