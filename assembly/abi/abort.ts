import { spell } from "../text/text.ts";
import { proxy_log } from "./imports.ts";
import { LOG_CRITICAL } from "./values.ts";

const message: usize = memory.data(256);

/** What AssemblyScript calls before a trap: says where, so that a crash report in Envoy's log names a line. */
export function abort(reason: string | null, file: string | null, line: u32, column: u32): void {
  let length: u32 = 0;
  length = append(length, "inline-epp: abort: ");
  length = append(length, reason);
  length = append(length, " in ");
  length = append(length, file);
  length = append(length, ":");
  let divisor: u32 = 1;
  while (line / divisor >= 10) divisor *= 10;
  for (; divisor > 0; divisor /= 10) store<u8>(message + length++, u8(48 + ((line / divisor) % 10)));
  proxy_log(LOG_CRITICAL, message, length);
  unreachable();
}

function append(at: u32, literal: string | null): u32 {
  if (literal === null) return at;
  const length = min<u32>(literal.length, 200 - min<u32>(at, 200));
  spell(literal, length, message + at);
  return at + length;
}
