import { authority, type Listen } from "./listen-error.ts";
import type { Log } from "./log.ts";

/** Tells where it is listened, and for what; the port is the one in use. */
export function tellListening(log: Log, what: string, { host }: Pick<Listen, "host">, port: number): void {
  log.info({ address: authority(host, port) }, `listening for ${what}`);
}
