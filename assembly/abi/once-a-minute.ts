const MINUTE: u64 = 60_000_000;

/**
 * Keeps a warning that could come with every request or tick to one a minute. Made at module start or configure time.
 */
@final
export class OnceAMinute {
  private next: u64 = 0;

  /** Whether it may be said at `now`, in microseconds; then not again for a minute. */
  due(now: u64): bool {
    if (now < this.next) return false;
    this.next = now + MINUTE;
    return true;
  }
}
