import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createSecureContext, type SecureVersion, type TlsOptions } from "node:tls";
import type { Log } from "../observe/log.ts";
import type { Clock } from "../support/clock.ts";
import { FileWatch } from "../support/watch-file.ts";
import type { PortSecurity } from "./port.ts";
import { selfSigned } from "./self-signed.ts";

/** Which connections the port takes: those with TLS, those without, or either. */
export type Serving = "tls" | "plaintext" | "both";

/** What the command line says of TLS. */
export interface TlsSettings {
  readonly serving: Serving;
  /** Folder with tls.crt and tls.key; a certificate is made up where left out. */
  readonly certPath?: string;
  /** Whether the files are followed as they change. */
  readonly reload: boolean;
  readonly minVersion?: SecureVersion;
  /** OpenSSL's names with colons, for TLS 1.2. */
  readonly ciphers?: string;
}

/** The port's security as it is, and as it becomes. */
export interface LiveSecurity {
  readonly security: PortSecurity;
  /** Calls back with each certificate that comes in place of the one before. */
  follow(renewed: (tls: TlsOptions) => void): void;
  stop(): void;
}

const CERTIFICATE = "tls.crt";
const KEY = "tls.key";

/** The certificate for the port cannot be used. */
export class CertificateRefused extends Error {
  constructor(folder: string, cause: Error) {
    super(`--cert-path ${folder}: ${cause.message}; it must have ${CERTIFICATE} and ${KEY}, PEM, that belong together`);
    this.name = "CertificateRefused";
    this.cause = cause;
  }
}

/**
 * Reads or makes the certificate that the settings ask for.
 * @throws CertificateRefused
 */
export async function openSecurity(settings: TlsSettings, clock: Clock, log: Log): Promise<LiveSecurity> {
  const { serving, certPath, reload, minVersion, ciphers } = settings;
  if (serving === "plaintext") return { security: { plaintext: true }, follow: () => undefined, stop: () => undefined };
  const manner = { ...(minVersion !== undefined && { minVersion }), ...(ciphers !== undefined && { ciphers }) };
  const plaintext = serving === "both";
  if (certPath === undefined) {
    return {
      security: { tls: { ...selfSigned(), ...manner }, plaintext },
      follow: () => undefined,
      stop: () => undefined,
    };
  }

  let renewed: (tls: TlsOptions) => void = () => undefined;
  const watches = reload
    ? [CERTIFICATE, KEY].map((name) => new FileWatch(join(certPath, name), changed, { clock }))
    : [];
  async function changed(): Promise<void> {
    try {
      renewed({ ...(await readIdentity(certPath!)), ...manner });
      log.info({ certPath }, "certificate renewed");
    } catch (error) {
      // One of two files has changed: the other follows, and with it the next look.
      log.warn({ certPath, error }, "certificate cannot be used, the one before stays");
    }
  }
  function stop(): void {
    for (const watch of watches) watch.close();
  }
  for (const watch of watches) await watch.open();
  const identity = await readIdentity(certPath).catch((error: unknown) => {
    stop();
    throw error;
  });
  return {
    security: { tls: { ...identity, ...manner }, plaintext },
    follow(listener) {
      renewed = listener;
    },
    stop,
  };
}

async function readIdentity(folder: string): Promise<TlsOptions> {
  try {
    const [cert, key] = await Promise.all([CERTIFICATE, KEY].map((name) => readFile(join(folder, name), "utf8")));
    const identity = { cert, key };
    createSecureContext(identity);
    return identity;
  } catch (error) {
    throw new CertificateRefused(folder, error as Error);
  }
}
