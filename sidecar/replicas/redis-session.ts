import { readFile } from "node:fs/promises";
import type { Clock } from "../support/clock.ts";
import type { RedisAddress } from "./redis-address.ts";

/** Milliseconds for the opening of both connections, and less for that of one: the library cannot break that off. */
const OPEN_MS = 2000;
const CONNECT_MS = 1500;
/** Milliseconds that the last words may take. */
const CLOSE_MS = 300;
/** Bytes that may be on their way, sent and not answered: beyond that Redis is slow, and what comes is dropped. */
const UNANSWERED_MAX = 1_048_576;
/** Milliseconds that a read waits for something to come. */
const BLOCK_MS = 1000;
/** Entries of a read: of the largest, 1 MiB. */
const READ_ENTRIES = 16;

export interface SessionOptions {
  readonly address: RedisAddress;
  /** Read anew for every session, so that a password may change; that of the address where left out. */
  readonly passwordFile: string | undefined;
  readonly clock: Clock;
  readonly channel: string;
  readonly onMessage: (message: Buffer) => void;
}

/** An entry of a stream. */
export interface StreamEntry {
  readonly id: string;
  readonly fields: Readonly<Record<string, Buffer>>;
}

type Redis = typeof import("@redis/client");

/** One connection. It does not come back by itself: sessions end and are replaced whole. */
function createConnection(redis: Redis, { address, passwordFile }: SessionOptions) {
  const { host, port, tls, username, password, database } = address;
  const socket = { host, port, connectTimeout: CONNECT_MS, reconnectStrategy: false as const };
  return redis.createClient({
    RESP: 3,
    socket: tls ? { ...socket, tls } : socket,
    name: "inline-epp",
    database,
    credentialsProvider: {
      type: "async-credentials-provider",
      credentials: async () => ({
        ...(username !== undefined && { username }),
        ...((passwordFile ?? password) !== undefined && {
          password: passwordFile === undefined ? (password as string) : (await readFile(passwordFile, "utf8")).trim(),
        }),
      }),
    },
    commandOptions: { timeout: 0, typeMapping: { [redis.RESP_TYPES.BLOB_STRING]: Buffer } },
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: "disabled",
  });
}

type Connection = ReturnType<typeof createConnection>;

/** Two connections to a Redis, one of which waits for news of a stream. Over with the first error of either. */
export class RedisSession {
  readonly #connections: readonly [Connection, Connection];
  readonly #channel: string;
  readonly #clock: Clock;
  /** Resolves with what ended the session. */
  readonly over: Promise<Error>;
  #end: (error: Error) => void = () => undefined;
  #isOver = false;
  #unanswered = 0;

  /**
   * Opens both connections and subscribes.
   * @throws Error with the reason: of the network, or of Redis, where it is an error reply.
   */
  static async open(options: SessionOptions): Promise<RedisSession> {
    // Loaded here and not with the program: it takes a tenth of a second, and most have no use for it.
    const redis = await import("@redis/client");
    const session = new RedisSession(redis, options);
    const failed = session.over.then((error) => Promise.reject(error));
    const cancel = options.clock.after(OPEN_MS, () => session.fail(new Error(`no answer within ${OPEN_MS / 1000} s`)));
    try {
      await Promise.race([session.#open(options), failed]);
    } catch (error) {
      session.fail(error as Error);
      throw error;
    } finally {
      cancel();
    }
    return session;
  }

  private constructor(redis: Redis, options: SessionOptions) {
    this.#channel = options.channel;
    this.#clock = options.clock;
    this.#connections = [createConnection(redis, options), createConnection(redis, options)];
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    for (const connection of this.#connections) connection.on("error", (error: Error) => this.fail(error));
  }

  /** Whether there is room for more. */
  get hasRoom(): boolean {
    return !this.#isOver && this.#unanswered < UNANSWERED_MAX;
  }

  /** Ends the session at once. */
  fail(error: Error): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const connection of this.#connections) connection.destroy();
    this.#end(error);
  }

  /** Ends the session once what has been sent is answered, or soon after. */
  async close(): Promise<void> {
    const [talking] = this.#connections;
    const end = (): void => this.fail(new Error("closed"));
    const cancel = this.#clock.after(CLOSE_MS, end);
    await Promise.race([talking.sendCommand(["PING"]).catch(() => undefined), this.over]);
    cancel();
    end();
  }

  /** Sends a message to the channel; false: there is no room, and it is dropped. */
  publish(message: Buffer): boolean {
    if (!this.hasRoom) return false;
    const [talking] = this.#connections;
    // A refusal is not of this message alone: without the channel there is no session.
    this.#count(message.length, talking.publish(this.#channel, message)).catch((error) => this.fail(error));
    return true;
  }

  /** Appends an entry to a stream, which then forgets what is older than `oldest`. */
  append(key: string, fields: StreamEntry["fields"], oldest: string | undefined): Promise<unknown> {
    const bytes = Object.values(fields).reduce((sum, value) => sum + value.length, 0);
    const trim = oldest === undefined ? [] : ["MINID", "~", oldest];
    const [talking] = this.#connections;
    const pairs = Object.entries(fields).flat();
    return this.#count(bytes, talking.sendCommand(["XADD", key, ...trim, "*", ...pairs]));
  }

  /** Lets a key live for so many seconds from now on; tells whether there is one. */
  async expire(key: string, seconds: number): Promise<boolean> {
    return (await this.#connections[0].expire(key, seconds)) === 1;
  }

  /** Id of a stream's last entry; undefined where it has none. */
  async lastId(key: string): Promise<string | undefined> {
    const entries = await this.#connections[1].xRevRange(key, "+", "-", { COUNT: 1 });
    return entries?.[0]?.id.toString();
  }

  /** Entries behind that id, as soon as there are any; none where there have been none for a second. */
  async read(key: string, after: string): Promise<readonly StreamEntry[]> {
    const reply = await this.#connections[1].xRead({ key, id: after }, { COUNT: READ_ENTRIES, BLOCK: BLOCK_MS });
    const streams = (reply ?? []) as unknown as readonly { messages: readonly { id: Buffer; message: object }[] }[];
    return (streams[0]?.messages ?? []).map(({ id, message }) => ({
      id: id.toString(),
      fields: message as Record<string, Buffer>,
    }));
  }

  /** Runs a script with an argument; resolves with the bytes that it returns. */
  async evaluate(script: string, keys: readonly string[], argument: Buffer): Promise<Buffer> {
    if (!this.hasRoom) throw new Error("Redis is slow");
    const [talking] = this.#connections;
    const answer = talking.sendCommand(["EVAL", script, String(keys.length), ...keys, argument]);
    return (await this.#count(script.length + argument.length, answer)) as unknown as Buffer;
  }

  async #open(options: SessionOptions): Promise<void> {
    await Promise.all(
      this.#connections.map(async (connection) => {
        await connection.connect();
        // One that comes too late would stay open: the library cannot break off what is connecting.
        if (this.#isOver) connection.destroy();
      }),
    );
    await this.#connections[0].subscribe(this.#channel, (message) => options.onMessage(message), true);
  }

  async #count<T>(bytes: number, answer: Promise<T>): Promise<T> {
    this.#unanswered += bytes;
    try {
      return await answer;
    } finally {
      this.#unanswered -= bytes;
    }
  }
}
