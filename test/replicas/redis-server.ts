import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { freePorts } from "../../scripts/stack/ports.ts";

/** A Redis of a test's own, without persistence, that can be frozen, killed and started again on its port. */
export class RedisServer {
  readonly port: number;
  readonly #folder: string;
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string, flags: readonly string[]) {
    this.port = port;
    this.#folder = folder;
    this.#flags = flags;
  }

  /** Starts one that ends with the test. */
  static async start(t: TestContext, flags: readonly string[] = []): Promise<RedisServer> {
    const [port] = (await freePorts(1)) as [number];
    const folder = await mkdtemp(join(tmpdir(), "inline-epp-redis-"));
    const server = new RedisServer(port, folder, flags);
    t.after(async () => {
      await server.kill();
      await rm(folder, { recursive: true });
    });
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const flags = [
      "--port",
      `${this.port}`,
      "--bind",
      "127.0.0.1",
      "--dir",
      this.#folder,
      "--save",
      "",
      ...this.#flags,
    ];
    const child = spawn("redis-server", flags, { stdio: "ignore" });
    this.#child = child;
    await once(child, "spawn");
    for (;;) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
      if (await answers(this.port)) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Stops it in its tracks: connections stay, nothing is answered. */
  freeze(): void {
    this.#child?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child?.kill("SIGCONT");
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }

  /** The answer to one command, as it comes over the wire. */
  command(...words: readonly string[]): Promise<string> {
    return exchange(this.port, `${words.join(" ")}\r\n`);
  }
}

function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.once("data", (bytes) => {
      socket.destroy();
      resolve(bytes.toString());
    });
    socket.once("error", reject);
  });
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await exchange(port, "PING\r\n")).length > 0;
  } catch {
    return false;
  }
}
