/** Kinds of frames that go down to gateways, as metric labels show them. */
export type DownKind = "roster" | "load" | "plan" | "policy" | "sync" | "gone" | "beat" | "flight" | "journal";

/** Who counts what the push does. */
export interface PushObserver {
  /** A frame went to one gateway. */
  pushed(kind: DownKind, bytes: number): void;
  /** A LOAD was overtaken by a newer one before it could be written. */
  skipped(): void;
  /** JOURNALs were forgotten before a gateway that reads too slowly had them. */
  journalsDropped(count: number): void;
  /** A gateway confirmed a LOAD that many seconds after it was written. */
  acknowledged(seconds: number): void;
  /** Frames were refused: `up` by the sidecar, `down` by a gateway or, before they left, by the encoder. */
  refused(direction: "up" | "down", reason: string, count: number): void;
  /** Gateways that are connected and have said hello. */
  gateways(count: number): void;
}
