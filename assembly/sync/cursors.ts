// How far this worker has read each other worker's journal: one cursor per owner, in the order of the owners' list.
// Owners that leave the list are forgotten.

const CURSOR: usize = 16; // u64 owner, u64 sequence of the record to read next
const cursors: usize = memory.data(16384, 8); // two lists of 512: the one in use and the one being made
const HALF: usize = 8192;
let inUse: usize = 0;
let count: u32 = 0;

/** Brings the cursors into the order of a list of `known` owners, at most 512. An owner that is new begins at 0. */
export function keepCursors(owners: usize, known: u32): void {
  if (inOrder(owners, known)) return;
  const old = cursors + inUse;
  inUse = HALF - inUse;
  for (let i: u32 = 0; i < known; i++) {
    const owner = load<u64>(owners + (usize(i) << 3));
    store<u64>(at(i), owner);
    store<u64>(at(i), 0, 8);
    for (let j: u32 = 0; j < count; j++) {
      if (load<u64>(old + usize(j) * CURSOR) != owner) continue;
      store<u64>(at(i), load<u64>(old + usize(j) * CURSOR, 8), 8);
      break;
    }
  }
  count = known;
}

/** The cursor of the owner at an index of the list. */
export function cursorAt(index: u32): u64 {
  return load<u64>(at(index), 8);
}

/** Moves it on. */
export function moveCursor(index: u32, sequence: u64): void {
  store<u64>(at(index), sequence, 8);
}

function inOrder(owners: usize, known: u32): bool {
  if (known != count) return false;
  for (let i: u32 = 0; i < known; i++) {
    if (load<u64>(at(i)) != load<u64>(owners + (usize(i) << 3))) return false;
  }
  return true;
}

function at(index: u32): usize {
  return cursors + inUse + usize(index) * CURSOR;
}
