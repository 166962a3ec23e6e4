/** Whether `count` things from `start` lie within `total` of them; safe against sums that wrap. */
@inline
export function inside(start: u32, count: u32, total: u32): bool {
  return u64(start) + u64(count) <= u64(total);
}

/** Whether a row's string reference lies within the string section. */
@inline
export function readable(row: usize, offsetField: i32, lengthField: i32, strings: u32): bool {
  return inside(load<u32>(row + offsetField), load<u32>(row + lengthField), strings);
}
