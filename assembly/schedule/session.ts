// A session token is the name of the endpoint that served the session before, `namespace/pod`, in base64.

import { xxh64 } from "../hash/xxh64.ts";
import { decodeBase64 } from "../text/base64.ts";

const NAME_BYTES: u32 = 1024;
const name: usize = memory.data(1024);

/** xxh64 of the name in a token of `length` bytes; 0 where it is no base64 or longer than any name. */
export function sessionOf(token: usize, length: u32): u64 {
  const bytes = decodeBase64(token, length, name, NAME_BYTES);
  return bytes <= 0 ? 0 : xxh64(name, u32(bytes));
}
