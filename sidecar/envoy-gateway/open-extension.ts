// Envoy Gateway's extension, opened.

import { tellListening } from "../observe/listening.ts";
import type { Parts } from "../parts.ts";
import { type ExtensionSettings, startExtensionServer } from "./extension-server.ts";

/** Milliseconds that calls under way get to end by themselves. */
const GRACE = 2000;

/**
 * Listens for Envoy Gateway.
 * @throws ListenError where the port cannot be had; Error where a file of TLS cannot be used.
 */
export async function openExtension(
  host: string,
  settings: ExtensionSettings,
  { clock, log }: Parts,
): Promise<{ stop(): Promise<void> }> {
  const at = { host, port: settings.port, flag: "--envoy-gateway-extension-port" };
  const { port, close } = await startExtensionServer(at, settings, clock, log);
  tellListening(log, "Envoy Gateway", at, port);
  return { stop: () => close(GRACE) };
}
