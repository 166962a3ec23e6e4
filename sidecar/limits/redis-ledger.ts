import type { Budget, Spend } from "../../wire/model.ts";
import type { Log } from "../observe/log.ts";
import { problemOf } from "../replicas/redis-problem.ts";
import type { RedisSession } from "../replicas/redis-session.ts";
import type { Ledger } from "./ledger.ts";

/**
 * Settles a batch at once, by the server's clock. A budget is a text of three doubles: when it is full, of requests and
 * of tokens, and how long it is kept, in microseconds. It is kept for as long as any gateway may have thought it to
 * last: what is not there then is either full, or Redis has lost it, and the gateway's own word counts.
 */
const SCRIPT = `local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answer = {}
for i, key in ipairs(KEYS) do
  local requests, tokens, requestDebt, tokenDebt = struct.unpack('<dddd', ARGV[1], 32 * i - 31)
  local keep = now
  local value = redis.call('GET', key)
  if value then
    local requestsAt, tokensAt
    requestsAt, tokensAt, keep = struct.unpack('<ddd', value)
    requestDebt = math.max(requestsAt - now, 0)
    tokenDebt = math.max(tokensAt - now, 0)
  end
  requestDebt = math.max(requestDebt + requests, 0)
  tokenDebt = math.max(tokenDebt + tokens, 0)
  keep = math.max(keep, now + math.max(requestDebt, tokenDebt) + 1000000)
  value = struct.pack('<ddd', now + requestDebt, now + tokenDebt, keep)
  redis.call('SET', key, value, 'PX', math.ceil((keep - now) / 1000))
  answer[i] = struct.pack('<dd', requestDebt, tokenDebt)
end
return table.concat(answer)`;

const ROW_BYTES = 32;
const ANSWER_BYTES = 16;

/** What is needed of a session; one that is over rejects. */
export type LedgerSession = Pick<RedisSession, "evaluate">;

/** Keeps budgets in Redis, for all replicas of a group. */
export class RedisLedger implements Ledger {
  readonly #prefix: string;
  readonly #log: Log;
  #session: LedgerSession | undefined;
  /** The kind of problem that is told already. */
  #trouble: string | undefined;

  /** @param prefix of the keys. */
  constructor(prefix: string, log: Log) {
    this.#prefix = prefix;
    this.#log = log;
  }

  /** There is a session. */
  open(session: LedgerSession): void {
    this.#session = session;
  }

  /** There is none any more. */
  close(): void {
    this.#session = undefined;
  }

  async settle(rows: readonly Spend[]): Promise<readonly Budget[]> {
    if (this.#session === undefined) throw new Error("Redis is away");
    const spent = Buffer.alloc(rows.length * ROW_BYTES);
    for (const [index, { requests, tokens, requestDebt, tokenDebt }] of rows.entries()) {
      for (const [place, value] of [requests, tokens, requestDebt, tokenDebt].entries()) {
        spent.writeDoubleLE(value, index * ROW_BYTES + place * 8);
      }
    }
    const keys = rows.map(({ key }) => `${this.#prefix}${key.toString(16).padStart(16, "0")}`);
    const answer = await this.#evaluate(this.#session, keys, spent);
    return rows.map(({ key }, index) => ({
      key,
      requestDebt: answer.readDoubleLE(index * ANSWER_BYTES),
      tokenDebt: answer.readDoubleLE(index * ANSWER_BYTES + 8),
    }));
  }

  async #evaluate(session: LedgerSession, keys: readonly string[], spent: Buffer): Promise<Buffer> {
    try {
      const answer = await session.evaluate(SCRIPT, keys, spent);
      if (answer.length !== keys.length * ANSWER_BYTES) throw new Error(`${answer.length} bytes came`);
      this.#went();
      return answer;
    } catch (error) {
      this.#failed(error as Error);
      throw error;
    }
  }

  #went(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#log.info("rate limits are shared with other replicas again");
  }

  /** Trouble with the connection is the session's to tell. */
  #failed(error: Error): void {
    const { kind, text } = problemOf(error);
    if (kind === "away" || kind === this.#trouble) return;
    this.#trouble = kind;
    this.#log.error({ reason: text }, "rate limits are not shared with other replicas");
  }
}
