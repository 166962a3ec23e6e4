import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { experimental, type ServerCredentials } from "@grpc/grpc-js";
import type { Log } from "../observe/log.ts";
import { FileWatch } from "../support/watch-file.ts";

/** PEM files of a server. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  /** Authorities of clients' certificates, which are asked for then. */
  readonly clientAuthorities?: string;
}

/** What stands in the files. */
interface TlsContents {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  readonly caCertificate: Buffer | undefined;
}

type Authorities = Parameters<experimental.CertificateProvider["addCaCertificateListener"]>[0];
type Identity = Parameters<experimental.CertificateProvider["addIdentityCertificateListener"]>[0];

async function read(file: string): Promise<Buffer> {
  return readFile(file).catch((error: Error) => {
    throw new Error(`cannot read ${file}: ${error.message}`);
  });
}

/** @throws Error where a file cannot be read, or they cannot be used together. */
async function readAll({ certificate, key, clientAuthorities }: TlsFiles): Promise<TlsContents> {
  const [cert, privateKey, ca] = await Promise.all([
    read(certificate),
    read(key),
    clientAuthorities === undefined ? undefined : read(clientAuthorities),
  ]);
  try {
    createSecureContext({ cert, key: privateKey, ca });
  } catch (error) {
    const files = [certificate, key, clientAuthorities].filter((file) => file !== undefined).join(", ");
    throw new Error(`${files} cannot be used for TLS: ${(error as Error).message}`);
  }
  return { certificate: cert, privateKey, caCertificate: ca };
}

/** Tells a server of its certificates, and again when they are others. */
class Certificates implements experimental.CertificateProvider {
  readonly #authorities = new Set<Authorities>();
  readonly #identities = new Set<Identity>();
  #now: TlsContents;

  constructor(first: TlsContents) {
    this.#now = first;
  }

  replace(now: TlsContents): void {
    this.#now = now;
    for (const listener of this.#authorities) this.#tellAuthorities(listener);
    for (const listener of this.#identities) listener(now);
  }

  addCaCertificateListener(listener: Authorities): void {
    this.#authorities.add(listener);
    process.nextTick(() => this.#tellAuthorities(listener)); // while it is being added, who asks does not hear yet
  }

  removeCaCertificateListener(listener: Authorities): void {
    this.#authorities.delete(listener);
  }

  addIdentityCertificateListener(listener: Identity): void {
    this.#identities.add(listener);
    process.nextTick(() => listener(this.#now));
  }

  removeIdentityCertificateListener(listener: Identity): void {
    this.#identities.delete(listener);
  }

  #tellAuthorities(listener: Authorities): void {
    const { caCertificate } = this.#now;
    listener(caCertificate === undefined ? null : { caCertificate });
  }
}

/** Credentials of a server, and how to end what follows their files. */
export interface WatchedCredentials {
  readonly credentials: ServerCredentials;
  stop(): void;
}

/**
 * Credentials of a server that takes up files which are replaced; what cannot be used then is logged, and the last good
 * ones stay.
 * @throws Error where a file cannot be read, or they cannot be used together.
 */
export async function watchCredentials(files: TlsFiles, log: Log): Promise<WatchedCredentials> {
  const { certificate, key, clientAuthorities } = files;
  const names = [certificate, key, ...(clientAuthorities === undefined ? [] : [clientAuthorities])];
  let certificates: Certificates | undefined;
  const reload = async (): Promise<void> => {
    try {
      const contents = await readAll(files);
      certificates?.replace(contents);
      log.info({ files: names }, "certificates replaced");
    } catch (error) {
      log.error({ reason: (error as Error).message }, "new certificates refused, the last good ones stay");
    }
  };
  const watches = names.map((name) => new FileWatch(name, reload));
  const stop = (): void => {
    for (const watch of watches) watch.close();
  };
  await Promise.all(watches.map((watch) => watch.open()));
  try {
    certificates = new Certificates(await readAll(files));
  } catch (error) {
    stop();
    throw error;
  }
  // By its names the first argument would be that of the authorities, but it is taken for the other.
  const authorities = clientAuthorities === undefined ? null : certificates;
  const { createCertificateProviderServerCredentials: create } = experimental;
  return { credentials: create(certificates, authorities, authorities !== null), stop };
}
