// What passes between the push and other replicas.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PEERS, type PeerInlet, type Peers } from "../../../sidecar/push/peers.ts";
import { decodeUp } from "../../../wire/decode.ts";
import { encodeJournal } from "../../../wire/encode.ts";
import { held, heldBlocks } from "./records.ts";
import { setUp } from "./set-up.ts";
import { eventually } from "./test-gateway.ts";

/** Peers that say what a test says, and count what they are told. */
class FakePeers implements Peers {
  inlet: PeerInlet | undefined;
  flights = 0;
  journals = 0;

  attach(inlet: PeerInlet): void {
    this.inlet = inlet;
  }

  flightChanged(): void {
    this.flights++;
  }

  journalCame(): void {
    this.journals++;
  }
}

test("peers are told when own gateways have something else in flight, also by leaving, and of their records", async (t) => {
  const peers = new FakePeers();
  const rig = await setUp(t, { peers });
  const one = rig.connect(1n);
  await one.received(1);
  one.flight({ 10: 2 });
  await eventually(() => peers.flights === 1);
  const own = decodeUp(peers.inlet!.told.flights.own());
  assert.ok(own.kind === "flight");
  assert.deepEqual(own.flight.entries, [{ endpoint: 10n, requests: 2, tokens: 20, prefill: 20 }]);
  one.journal([held(1n, 5)]);
  await eventually(() => peers.journals === 1);
  one.close();
  await eventually(() => peers.flights === 2);
});

test("what peers tell reaches every gateway, and is not told them back", async (t) => {
  const peers = new FakePeers();
  const rig = await setUp(t, { peers });
  const [one, two] = [rig.connect(1n), rig.connect(2n)];
  await Promise.all([one.received(1), two.received(1)]);
  const { told, flightChanged, journalCame } = peers.inlet!;
  told.flights.report(-1, { owner: 0n, entries: [{ endpoint: 10n, requests: 3, tokens: 30, prefill: 30 }] }, 0);
  flightChanged();
  told.journals.add(PEERS, encodeJournal({ owner: 0n, first: 0n, records: [held(1n, 7)] }), 1);
  journalCame();
  for (const gateway of [one, two]) {
    await eventually(() => gateway.flights.length === 1 && gateway.journals.length === 1);
    assert.deepEqual(gateway.flights, [{ 10: 3 }]);
    assert.deepEqual(gateway.journals.flatMap(heldBlocks), [7n]);
  }
  assert.deepEqual([peers.flights, peers.journals], [0, 0]);
});
