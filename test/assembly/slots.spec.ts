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
    enter(slot);
    enter(slot);
    unlistSlot(slot);
    expect(address(findSlot(200))).toBe(address(slot));
    leave(slot);
    expect(address(findSlot(200))).toBe(address(slot));
    leave(slot);
    expect(address(findSlot(200))).toBe(0);
  });

  it("keep their counts when the address is listed again", () => {
    const slot = listSlot(300);
    enter(slot);
    unlistSlot(slot);
    const again = listSlot(300);
    expect(address(again)).toBe(address(slot));
    expect(again.ownRequests).toBe(1);
    expect(again.rosters).toBe(1);
    leave(again);
    expect(address(findSlot(300))).toBe(address(slot), "it is listed");
    unlistSlot(again);
  });

  it("are used again, with nothing left of the address before", () => {
    const slot = listSlot(400);
    enter(slot);
    slot.otherRequests = 7;
    rebase(slot, 3);
    leave(slot);
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
    enter(a);
    enter(b);
    leave(b);
    unlistSlot(b);
    let own: u32 = 0;
    for (let i: u32 = 0; i < slotCount(); i++) own += slotAt(i).ownRequests;
    expect(own).toBe(1);
    leave(a);
    unlistSlot(a);
  });

  it("sum what this worker has in flight, and say that it has changed", () => {
    const a = listSlot(600);
    const b = listSlot(601);
    slots.clearChanged();
    expect(slots.ownTotal).toBe(0);
    enter(a);
    enter(a);
    enter(b);
    expect(slots.ownTotal).toBe(3);
    expect(slots.changed).toBeTruthy();
    slots.clearChanged();
    expect(slots.changed).toBeFalsy();
    leave(a);
    expect(slots.changed).toBeTruthy();
    expect(slots.ownTotal).toBe(2);
    leave(a);
    leave(b);
    unlistSlot(a);
    unlistSlot(b);
    expect(slots.ownTotal).toBe(0);
  });

  it("take a new baseline with a new sample only", () => {
    const slot = listSlot(700);
    enter(slot);
    slot.otherRequests = 4;
    rebase(slot, 0);
    expect(slot.baseline).toBe(5, "the first sample may have any counter");
    enter(slot);
    rebase(slot, 0);
    expect(slot.baseline).toBe(5, "the same sample again");
    rebase(slot, 1);
    expect(slot.baseline).toBe(6);
    leave(slot);
    rebase(slot, 65535);
    expect(slot.baseline).toBe(5);
    rebase(slot, 0);
    expect(slot.baseline).toBe(5, "the counter has wrapped");
    leave(slot);
    unlistSlot(slot);
  });

  it("forget what the other workers had", () => {
    const slot = listSlot(800);
    enter(slot);
    slot.otherRequests = 9;
    slot.otherTokens = 90;
    slots.clearOthers();
    expect(slot.inFlight()).toBe(1);
    expect(slot.otherTokens).toBe(0);
    leave(slot);
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
});
