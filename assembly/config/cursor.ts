// A strict reader for the plugin configuration's small JSON, byte by byte, for configure time.

/** Where the reading stands, and the text or number read last. */
@final
export class Cursor {
  /** The last string's bytes, without quotes; escapes are refused, no field needs them. */
  textAt: usize = 0;
  textLength: u32 = 0;

  private at: usize = 0;
  private end: usize = 0;

  /** Starts reading `length` bytes. */
  begin(at: usize, length: u32): Cursor {
    this.at = at;
    this.end = at + length;
    return this;
  }

  /** Skips blanks and takes the byte if it is next. */
  take(byte: u8): bool {
    this.skipBlanks();
    if (this.at >= this.end || load<u8>(this.at) != byte) return false;
    this.at++;
    return true;
  }

  /** Whether nothing but blanks is left. */
  done(): bool {
    this.skipBlanks();
    return this.at >= this.end;
  }

  /** Reads a string into textAt and textLength. False: there is none, or it has an escape or a control character. */
  text(): bool {
    if (!this.take(0x22)) return false;
    const start = this.at;
    for (; this.at < this.end; this.at++) {
      const byte = load<u8>(this.at);
      if (byte == 0x22) {
        this.textAt = start;
        this.textLength = u32(this.at - start);
        this.at++;
        return true;
      }
      if (byte < 0x20 || byte == 0x5c) return false;
    }
    return false;
  }

  private skipBlanks(): void {
    while (this.at < this.end) {
      const byte = load<u8>(this.at);
      if (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09) return;
      this.at++;
    }
  }
}
