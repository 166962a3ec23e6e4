// Binary heaps of records that know their place, so that any of them can be taken out or moved. The least key comes
// first, of equal keys the least tie. No record stands in two heaps.

import { blockCapacity, giveBlock, takeBlock } from "./blocks.ts";
import { Slab } from "./slab.ts";

/** What a record in a heap begins with. */
@unmanaged
export class HeapItem {
  /** The slab's link while the record is free. */
  link: u32;
  /** Place in the heap, from 1; 0: in none. */
  place: u32;
  key: f64;
  tie: u64;
}

/** A heap. */
@unmanaged
@final
export class Heap {
  /** The slab's link while the record is free. */
  link: u32;
  /** u32 addresses of the items; the first stands at place 1. */
  at: usize;
  capacity: u32;
  count: u32;
}

const slab = new Slab(offsetof<Heap>());

/** An empty heap. Null when a million stand. */
export function takeHeap(): Heap | null {
  const at = slab.take();
  return at == 0 ? null : changetype<Heap>(at);
}

/** Gives an empty heap back. */
export function giveHeap(heap: Heap): void {
  giveBlock(heap.at, usize(heap.capacity) << 2);
  slab.give(changetype<usize>(heap));
}

@inline
function get(heap: Heap, place: u32): HeapItem {
  return changetype<HeapItem>(load<u32>(heap.at + (usize(place) << 2)));
}

@inline
function put(heap: Heap, place: u32, item: HeapItem): void {
  store<u32>(heap.at + (usize(place) << 2), u32(changetype<usize>(item)));
  item.place = place;
}

@inline
function before(a: HeapItem, b: HeapItem): bool {
  return a.key < b.key || (a.key == b.key && a.tie < b.tie);
}

/** Address of the first item; 0 where there is none. */
export function heapTop(heap: Heap): usize {
  return heap.count == 0 ? 0 : changetype<usize>(get(heap, 1));
}

/** Address of the item at a place, from 1 to the heap's count: the first at 1, the others in no order but nearly. */
@inline
export function heapAt(heap: Heap, place: u32): usize {
  return changetype<usize>(get(heap, place));
}

/** Adds an item, its key and tie set. */
export function heapAdd(heap: Heap, item: HeapItem): void {
  if (heap.count + 1 >= heap.capacity) grow(heap);
  heap.count++;
  put(heap, heap.count, item);
  rise(heap, item);
}

/** Takes an item out. */
export function heapRemove(heap: Heap, item: HeapItem): void {
  const place = item.place;
  const last = get(heap, heap.count);
  heap.count--;
  item.place = 0;
  if (changetype<usize>(last) == changetype<usize>(item)) return;
  put(heap, place, last);
  heapMoved(heap, last);
}

/** An item's key or tie has changed. */
export function heapMoved(heap: Heap, item: HeapItem): void {
  rise(heap, item);
  sink(heap, item);
}

/** Any keys have changed. */
export function heapMovedAll(heap: Heap): void {
  for (let place = heap.count / 2; place > 0; place--) sink(heap, get(heap, place));
}

function rise(heap: Heap, item: HeapItem): void {
  let place = item.place;
  while (place > 1) {
    const parent = get(heap, place >> 1);
    if (!before(item, parent)) break;
    put(heap, place, parent);
    place >>= 1;
  }
  put(heap, place, item);
}

function sink(heap: Heap, item: HeapItem): void {
  let place = item.place;
  for (;;) {
    let child = place << 1;
    if (child > heap.count) break;
    if (child < heap.count && before(get(heap, child + 1), get(heap, child))) child++;
    const least = get(heap, child);
    if (!before(least, item)) break;
    put(heap, place, least);
    place = child;
  }
  put(heap, place, item);
}

function grow(heap: Heap): void {
  const bytes = blockCapacity(max<usize>((usize(heap.capacity) << 2) * 2, 64));
  const at = takeBlock(bytes);
  if (heap.at != 0) {
    memory.copy(at, heap.at, usize(heap.capacity) << 2);
    giveBlock(heap.at, usize(heap.capacity) << 2);
  }
  heap.at = at;
  heap.capacity = u32(bytes >> 2);
}
