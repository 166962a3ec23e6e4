import { xxh64 } from "../../wire/xxh64.ts";
import type { Outcome, ScrapedBy, TargetReport } from "../scrape/report.ts";
import { noOutcomes } from "../scrape/report.ts";
import type { ScrapeTarget } from "../scrape/scrape-target.ts";
import type { Peer } from "./group.ts";
import { outranks } from "./rendezvous.ts";

/** The last that a replica has said of a target. */
interface Word {
  /** The look at which it came. */
  look: number;
  failing: boolean;
  /** Whether the replica comes before this one for the target. */
  readonly isHigher: boolean;
}

/** A target that any replica may scrape, and what others say of it; for reports, how it fares with them. */
export class SharedTarget implements TargetReport {
  readonly target: ScrapeTarget;
  readonly hash: bigint;
  /** Whether this replica scrapes it. */
  isMine = true;
  /** The clock's milliseconds of the newest sample, whoever had it. */
  sampledAt = Number.NEGATIVE_INFINITY;
  /** The last outcome that logs have been told. */
  toldOutcome: Outcome | undefined;
  /** How this replica's last scrape ended, and the look at which that was told; for as long as it scrapes. */
  ownOutcome: Outcome | undefined;
  toldAt = 0;
  readonly by: ScrapedBy = "peer";
  readonly outcomes = noOutcomes();
  readonly lastDuration = undefined;
  failures = 0;
  lastError: string | undefined;
  readonly #words = new Map<Peer, Word>();

  constructor(target: ScrapeTarget) {
    this.target = target;
    this.hash = xxh64(target.key);
  }

  /** A peer has said something of the target. */
  heard(peer: Peer, self: bigint, look: number, failing: boolean): void {
    const word = this.#words.get(peer);
    if (word === undefined) {
      this.#words.set(peer, { look, failing, isHigher: outranks(peer.id, self, this.hash) });
    } else {
      word.look = look;
      word.failing = failing;
    }
  }

  /** A peer is gone, and its word with it. */
  forget(peer: Peer): void {
    this.#words.delete(peer);
  }

  /**
   * Whether this replica has to scrape the target: unless one that comes before it does, and well; or two do. So the
   * owner always scrapes, a second replica looks for itself at what the owner cannot reach, and of replicas that have
   * heard nothing from the owner only the first goes on.
   * @param since looks; words from before do not count any more.
   */
  isNeeded(since: number): boolean {
    let failing = 0;
    for (const word of this.#words.values()) {
      if (!word.isHigher || word.look <= since) continue;
      if (!word.failing || ++failing === 2) return false;
    }
    return true;
  }

  /** Whether a peer reaches the target. */
  isWellWithPeers(since: number): boolean {
    return this.#words.values().some(({ look, failing }) => !failing && look > since);
  }
}
