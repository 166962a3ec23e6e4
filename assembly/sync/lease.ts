// Which worker holds the stream to the sidecar. The lease is one value in shared data: u64 owner, u64 expiry in
// microseconds. It must expire, since shared data outlives the plugin that wrote it. A first write cannot be
// guarded (cas 0 writes over anything), so a claim counts only once a later look finds it still standing.

import * as host from "../abi/host.ts";
import { Text } from "../text/text.ts";

const LASTS: u64 = 1_500_000;
const RENEWED_EVERY: u64 = 300_000;
const LOOKED_AT_EVERY: u64 = 50_000;

const value: usize = memory.data(16, 8);

/** One worker's view of one lease. */
@final
export class Lease {
  held: bool = false;
  private nextLook: u64 = 0;

  /** @param owner random, never 0, this contender's own. */
  constructor(
    private key: Text,
    private owner: u64,
  ) {}

  /** Claims, confirms or renews as time demands. Returns whether the lease is held now. */
  tick(now: u64): bool {
    if (now < this.nextLook) return this.held;
    const found = host.getShared(this.key) && host.resultLength == 16;
    const cas = found ? host.resultCas : 0;
    const owner = found ? load<u64>(host.resultAt) : 0;
    const expiry = found ? load<u64>(host.resultAt, 8) : 0;
    if (owner == this.owner) {
      this.held = this.write(now, cas);
    } else {
      this.held = false;
      // None lasts beyond its term; what says so was not written by a worker. Clocks are read before the value is.
      if (expiry < now || expiry > now + 2 * LASTS) this.write(now, cas);
    }
    this.nextLook = now + (this.held ? RENEWED_EVERY : LOOKED_AT_EVERY);
    return this.held;
  }

  /** Gives the lease up at once, so that another need not wait for its end. */
  release(): void {
    if (!this.held) return;
    this.held = false;
    if (!host.getShared(this.key) || host.resultLength != 16 || load<u64>(host.resultAt) != this.owner) return;
    const cas = host.resultCas;
    store<u64>(value, 0);
    store<u64>(value, 0, 8);
    host.setShared(this.key, value, 16, cas);
  }

  private write(now: u64, cas: u32): bool {
    store<u64>(value, this.owner);
    store<u64>(value, now + LASTS, 8);
    return host.setShared(this.key, value, 16, cas);
  }
}
