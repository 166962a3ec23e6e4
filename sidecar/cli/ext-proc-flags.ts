// The gRPC port: who is served at it, and whether in TLS. The flags are those of other endpoint pickers.

import type { SecureVersion } from "node:tls";
import { type Command, Option } from "commander";
import { type ExtProcSettings, USUAL } from "../ext-proc/settings.ts";
import type { TlsSettings } from "../grpc/secure-port.ts";
import { option, spelled, switchOption } from "./option.ts";
import { folderName, reading } from "./values.ts";

/** What these flags say. */
export interface ExtProcFlags {
  readonly extProc?: boolean;
  readonly secureServing?: boolean;
  readonly certPath?: string;
  readonly enableCertReload?: boolean;
  readonly tlsMinVersion?: SecureVersion;
  readonly tlsCipherSuites?: string;
  readonly disableEndpointSubsetFilter?: boolean;
  readonly destinationEndpointHintKey?: string;
  readonly destinationEndpointHintMetadataNamespace?: string;
  readonly grpcMaxRecvMsgSize?: number;
  readonly conformance?: boolean;
}

const VERSIONS: Readonly<Record<string, SecureVersion>> = {
  VersionTLS10: "TLSv1",
  VersionTLS11: "TLSv1.1",
  VersionTLS12: "TLSv1.2",
  VersionTLS13: "TLSv1.3",
};

/** Go's names of suites for TLS 1.2 and OpenSSL's. Those of TLS 1.3 cannot be chosen there either. */
const SUITES: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: "ECDHE-ECDSA-AES128-GCM-SHA256",
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: "ECDHE-ECDSA-AES256-GCM-SHA384",
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-ECDSA-CHACHA20-POLY1305",
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: "ECDHE-RSA-AES128-GCM-SHA256",
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: "ECDHE-RSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-RSA-CHACHA20-POLY1305",
};

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
};
const MOST_BYTES = 1024 ** 3;
const FIELD_NAME = /^[a-z0-9][a-z0-9_-]*$/;

const version = reading(
  `one of ${Object.keys(VERSIONS).join(", ")}`,
  (text) => (Object.hasOwn(VERSIONS, text) ? VERSIONS[text] : undefined),
  Object.keys(VERSIONS),
);

const suites = reading(`some of ${Object.keys(SUITES).join(", ")}, with commas`, (text) => {
  const names = text.split(",").map((name) => name.trim());
  return names.every((name) => Object.hasOwn(SUITES, name)) ? names.map((name) => SUITES[name]).join(":") : undefined;
});

/** `25MB`, `10MiB` or `1000`; 0 for what is usual. */
const bytes = reading("an amount of memory such as 25MB or 10MiB, up to 1GiB", (text) => {
  const [, number, unit = ""] = /^(\d+)([kKMG]i?)?B?$/.exec(text) ?? [];
  const scale = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  const value = number === undefined || scale === undefined ? Number.NaN : Number(number) * scale;
  return value <= MOST_BYTES ? value : undefined;
});

const headerName = reading("the name of a header, in lower case", (text) => (FIELD_NAME.test(text) ? text : undefined));

/** Adds the flags to a command. */
export function addExtProcFlags(command: Command): void {
  command.optionsGroup("Gateways, at the gRPC port:");
  command.addOption(switchOption("ext-proc", "answer gateways that ask by ext_proc (default: true)"));
  command.addOption(
    switchOption(
      "secure-serving",
      "only with TLS, or with =false only without (default: each connection as it begins)",
    ),
  );
  command.addOption(
    option("--cert-path <folder>", "tls.crt and tls.key for TLS (default: made up at the start)").argParser(folderName),
  );
  command.addOption(switchOption("enable-cert-reload", "follow these files as they change (default: false)"));
  command.addOption(
    switchOption("disable-endpoint-subset-filter", "pick among all, whatever subset a gateway names (default: false)"),
  );
  command.addOption(
    switchOption(
      "conformance",
      "let requests of conformance tests say where they go; never with clients (default: false)",
    ),
  );
  command.addOption(new Option("--tls-min-version <version>").argParser(version).hideHelp());
  command.addOption(new Option("--tls-cipher-suites <names>").argParser(suites).hideHelp());
  command.addOption(new Option("--destination-endpoint-hint-key <name>").argParser(headerName).hideHelp());
  command.addOption(new Option("--destination-endpoint-hint-metadata-namespace <name>").hideHelp());
  command.addOption(new Option("--grpc-max-recv-msg-size <bytes>").argParser(bytes).hideHelp());
}

/** What the flags say of ext_proc; undefined: it is not served. */
export function extProcSettings(flags: ExtProcFlags): ExtProcSettings | undefined {
  if (flags.extProc === false) return undefined;
  return {
    destinationKey: flags.destinationEndpointHintKey ?? USUAL.destinationKey,
    destinationNamespace: flags.destinationEndpointHintMetadataNamespace ?? USUAL.destinationNamespace,
    subsets: flags.disableEndpointSubsetFilter !== true,
    steered: flags.conformance === true,
    mostBytes: flags.grpcMaxRecvMsgSize || USUAL.mostBytes,
  };
}

/** What the flags say of TLS. */
export function tlsSettings(flags: ExtProcFlags): TlsSettings {
  const { secureServing, certPath, tlsMinVersion, tlsCipherSuites } = flags;
  return {
    serving: secureServing === undefined ? "both" : secureServing ? "tls" : "plaintext",
    ...(certPath !== undefined && { certPath }),
    reload: flags.enableCertReload === true,
    ...(tlsMinVersion !== undefined && { minVersion: tlsMinVersion }),
    ...(tlsCipherSuites !== undefined && { ciphers: tlsCipherSuites }),
  };
}

/** What does not go together. */
export function extProcContradiction(command: Command): string | undefined {
  const { enableCertReload, certPath } = command.opts<ExtProcFlags>();
  if (enableCertReload !== true || certPath !== undefined) return undefined;
  return `${spelled(command, "enableCertReload")} needs ${spelled(command, "certPath")}: what is made up never changes`;
}
