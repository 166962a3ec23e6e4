import * as slots from "../../assembly/state/slots.ts";
import { enter, findSlot, leave, listSlot, rebase, Slot, slotAt, slotCount, unlistSlot } from "../../assembly/state/slots.ts";

function address(slot: Slot | null): usize {
  return changetype<usize>(slot);
}

describe("slots", () => {
  it("belong to an address, however many rosters list it", () => {
    expect(address(findSlot(100))).toBe(0);
    const first = listSlot(100);
    const second = listSlot(100);
    expect(address(second)).toBe(address(first));
    expect(first.rosters).toBe(2);
    expect(address(findSlot(100))).toBe(address(first));
    unlistSlot(first);
    expect(address(findSlot(100))).toBe(address(first), "one pool still lists it");
    unlistSlot(first);
    expect(address(findSlot(100))).toBe(0);
  });

  it("stay until the last request has ended there", () => {
    const slot = listSlot(200);
    enter(slot, 0, 0);
    enter(slot, 0, 0);
    unlistSlot(slot);
    expect(address(findSlot(200))).toBe(address(slot));
    leave(slot, 0, 0);
    expect(address(findSlot(200))).toBe(address(slot));
    leave(slot, 0, 0);
    expect(address(findSlot(200))).toBe(0);
  });

  it("keep their counts when the address is listed again", () => {
    const slot = listSlot(300);
    enter(slot, 0, 0);
    unlistSlot(slot);
    const again = listSlot(300);
    expect(address(again)).toBe(address(slot));
    expect(again.ownRequests).toBe(1);
    expect(again.rosters).toBe(1);
    leave(again, 0, 0);
    expect(address(findSlot(300))).toBe(address(slot), "it is listed");
    unlistSlot(again);
  });

  it("are used again, with nothing left of the address before", () => {
    const slot = listSlot(400);
    enter(slot, 0, 0);
    slot.otherRequests = 7;
    rebase(slot, 3);
    leave(slot, 0, 0);
    unlistSlot(slot);
    const count = slotCount();
    const next = listSlot(401);
    expect(address(next)).toBe(address(slot));
    expect(slotCount()).toBe(count);
    expect(next.key).toBe(401);
    expect(next.inFlight()).toBe(0);
    expect(next.baseline).toBe(0);
    expect(next.sampled).toBeFalsy();
    unlistSlot(next);
  });

  it("can be walked: free ones have nothing in flight", () => {
    const a = listSlot(500);
    const b = listSlot(501);
    enter(a, 0, 0);
    enter(b, 0, 0);
    leave(b, 0, 0);
    unlistSlot(b);
    let own: u32 = 0;
    for (let i: u32 = 0; i < slotCount(); i++) own += slotAt(i).ownRequests;
    expect(own).toBe(1);
    leave(a, 0, 0);
    unlistSlot(a);
  });

  it("sum what this worker has in flight, and say that it has changed", () => {
    const a = listSlot(600);
    const b = listSlot(601);
    slots.clearChanged();
    expect(slots.ownTotal).toBe(0);
    enter(a, 0, 0);
    enter(a, 0, 0);
    enter(b, 0, 0);
    expect(slots.ownTotal).toBe(3);
    expect(slots.changed).toBeTruthy();
    slots.clearChanged();
    expect(slots.changed).toBeFalsy();
    leave(a, 0, 0);
    expect(slots.changed).toBeTruthy();
    expect(slots.ownTotal).toBe(2);
    leave(a, 0, 0);
    leave(b, 0, 0);
    unlistSlot(a);
    unlistSlot(b);
    expect(slots.ownTotal).toBe(0);
  });

  it("take a new baseline with a new sample only", () => {
    const slot = listSlot(700);
    enter(slot, 0, 0);
    slot.otherRequests = 4;
    rebase(slot, 0);
    expect(slot.baseline).toBe(5, "the first sample may have any counter");
    enter(slot, 0, 0);
    rebase(slot, 0);
    expect(slot.baseline).toBe(5, "the same sample again");
    rebase(slot, 1);
    expect(slot.baseline).toBe(6);
    leave(slot, 0, 0);
    rebase(slot, 65535);
    expect(slot.baseline).toBe(5);
    rebase(slot, 0);
    expect(slot.baseline).toBe(5, "the counter has wrapped");
    leave(slot, 0, 0);
    unlistSlot(slot);
  });

  it("forget what the other workers had", () => {
    const slot = listSlot(800);
    enter(slot, 0, 0);
    slot.otherRequests = 9;
    slot.otherTokens = 90;
    slots.clearOthers();
    expect(slot.inFlight()).toBe(1);
    expect(slot.otherTokens).toBe(0);
    leave(slot, 0, 0);
    unlistSlot(slot);
  });

  it("leave no memory behind when endpoints come and go", () => {
    for (let key: u64 = 0; key < 4096; key++) listSlot(key + 10000);
    for (let key: u64 = 0; key < 4096; key++) unlistSlot(listSlot(key + 10000));
    for (let key: u64 = 0; key < 4096; key++) unlistSlot(findSlot(key + 10000)!);
    const pages = memory.size();
    const count = slotCount();
    for (let round: u64 = 1; round < 50; round++) {
      for (let key: u64 = 0; key < 4096; key++) listSlot(key + round * 10000);
      for (let key: u64 = 0; key < 4096; key++) unlistSlot(findSlot(key + round * 10000)!);
    }
    expect(slotCount()).toBe(count);
    expect(memory.size()).toBe(pages);
  });

  it("count tokens with the requests that bring them, and prompts until they are answered", () => {
    const slot = listSlot(900);
    enter(slot, 1200, 700);
    enter(slot, 300, 300);
    slot.otherTokens = 50;
    slot.otherPrefill = 20;
    expect(slot.tokensInFlight()).toBe(1550);
    expect(slot.prefillAhead()).toBe(1020);
    slots.answered(slot, 700);
    expect(slot.prefillAhead()).toBe(320);
    leave(slot, 1200, 0);
    leave(slot, 300, 300);
    expect(slot.tokensInFlight()).toBe(50);
    expect(slot.prefillAhead()).toBe(20);
    unlistSlot(slot);
  });

  it("have numbers of their own, which serve others once they are gone", () => {
    const a = listSlot(901);
    const b = listSlot(902);
    expect(a.number).not.toBe(b.number);
    expect(address(slotAt(a.number))).toBe(address(a));
    expect(address(slotAt(b.number))).toBe(address(b));
    const number = a.number;
    unlistSlot(a);
    const c = listSlot(903);
    expect(c.number).toBe(number);
    unlistSlot(b);
    unlistSlot(c);
  });

  it("count of what other gateways have the largest report, beside the other workers'", () => {
    const slot = listSlot(9900);
    slot.otherRequests = 5;
    slots.raiseRemote(slot, 3, 30, 0);
    slots.raiseRemote(slot, 2, 40, 7);
    expect(slot.inFlight()).toBe(8);
    expect(slot.tokensInFlight()).toBe(40);
    expect(slot.prefillAhead()).toBe(7);
    slots.clearOthers();
    slots.raiseRemote(slot, 1, 1, 1);
    expect(slot.inFlight()).toBe(1);
    unlistSlot(slot);
  });
});
