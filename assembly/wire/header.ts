import {
  ACCEPTED, FRAME_MAGIC, HEADER_BYTES, HEADER_EPOCH, HEADER_KIND, HEADER_LENGTH, HEADER_MAGIC, HEADER_POOL,
  HEADER_VERSION, MAX_FRAME_BYTES, REFUSED_LENGTH, REFUSED_MAGIC, REFUSED_TRUNCATED, REFUSED_VERSION, WIRE_VERSION,
} from "../../wire/layout.ts";

/** Checks what every frame has. Returns ACCEPTED or the reason it is refused. */
export function checkHeader(frame: usize, length: u32): i32 {
  if (length < u32(HEADER_BYTES)) return REFUSED_TRUNCATED;
  if (load<u32>(frame, HEADER_MAGIC) != u32(FRAME_MAGIC)) return REFUSED_MAGIC;
  if (load<u16>(frame, HEADER_VERSION) != u16(WIRE_VERSION)) return REFUSED_VERSION;
  if (load<u32>(frame, HEADER_LENGTH) != length) return REFUSED_TRUNCATED;
  if (length > u32(MAX_FRAME_BYTES)) return REFUSED_LENGTH;
  return ACCEPTED;
}

@inline
export function frameKind(frame: usize): u32 {
  return load<u16>(frame, HEADER_KIND);
}

@inline
export function framePool(frame: usize): u64 {
  return load<u64>(frame, HEADER_POOL);
}

@inline
export function frameEpoch(frame: usize): u64 {
  return load<u64>(frame, HEADER_EPOCH);
}

/** Writes a header for a frame of this filter's own. */
export function writeHeader(frame: usize, kind: i32, length: u32): void {
  memory.fill(frame, 0, HEADER_BYTES);
  store<u32>(frame, FRAME_MAGIC, HEADER_MAGIC);
  store<u16>(frame, u16(WIRE_VERSION), HEADER_VERSION);
  store<u16>(frame, u16(kind), HEADER_KIND);
  store<u32>(frame, length, HEADER_LENGTH);
}
