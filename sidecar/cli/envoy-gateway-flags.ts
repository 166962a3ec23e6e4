// Envoy Gateway's extension server.

import { type Command, InvalidArgumentError } from "commander";
import type { ExtensionSettings } from "../envoy-gateway/extension-server.ts";
import type { SidecarAddress } from "../envoy-gateway/sidecar-source.ts";
import { option, spelled, switchOption } from "./option.ts";
import { fileName, port, reading } from "./values.ts";

/** What these flags say. */
export interface EnvoyGatewayFlags {
  readonly envoyGatewayExtension?: boolean;
  readonly envoyGatewayExtensionPort: number;
  readonly envoyGatewayExtensionCertFile?: string;
  readonly envoyGatewayExtensionKeyFile?: string;
  readonly envoyGatewayExtensionClientCaFile?: string;
  readonly gatewayAddress?: SidecarAddress;
  readonly filterSettings?: Readonly<Record<string, unknown>>;
}

/** Settings of the filter that have to be as the extension sets them. */
const FIXED = ["stateCluster", "route", "pool", "poolFrom", "pools", "hold"];
const HOST_AND_PORT = /^(\[[\da-f:.]+\]|[\w.-]+):(\d{1,5})$/i;

const A_PLACE = "host:port, such as inline-epp.models.svc.cluster.local:9002";
const hostAndPort = reading(A_PLACE, (text): SidecarAddress | undefined => {
  const [, host, digits] = HOST_AND_PORT.exec(text) ?? [];
  const number = Number(digits);
  if (host === undefined || number < 1 || number > 65_535) return undefined;
  return { host: host.replace(/[[\]]/g, ""), port: number };
});

const AN_OBJECT = `a JSON object, such as '{"failureMode": "FailOpen"}'`;
const settings = reading(AN_OBJECT, (text): Readonly<Record<string, unknown>> | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Told below.
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const fixed = FIXED.find((name) => Object.hasOwn(value, name));
  if (fixed !== undefined)
    throw new InvalidArgumentError(`${fixed} cannot be set: Envoy Gateway's extension does that.`);
  return value as Readonly<Record<string, unknown>>;
});

/** Adds the flags to a command. */
export function addEnvoyGatewayFlags(command: Command): void {
  command.optionsGroup("Envoy Gateway:");
  command.addOption(
    switchOption(
      "envoy-gateway-extension",
      "serve Envoy Gateway's extension hooks, for routes to InferencePools (default: false)",
    ),
  );
  command.addOption(
    option("--envoy-gateway-extension-port <port>", "port that Envoy Gateway calls").argParser(port).default(9005),
  );
  command.addOption(
    option(
      "--envoy-gateway-extension-cert-file <file>",
      "the port's certificate, PEM; plaintext without one",
    ).argParser(fileName),
  );
  command.addOption(
    option("--envoy-gateway-extension-key-file <file>", "the certificate's key, PEM").argParser(fileName),
  );
  command.addOption(
    option(
      "--envoy-gateway-extension-client-ca-file <file>",
      "authorities, PEM, one of which must have signed Envoy Gateway's certificate; nobody is asked for one without",
    ).argParser(fileName),
  );
  command.addOption(option("--gateway-address <host:port>", "where gateways reach --grpc-port").argParser(hostAndPort));
  command.addOption(
    option("--filter-settings <json>", "settings of the filter in gateways, such as failureMode").argParser(settings),
  );
}

/** What is wrong with the flags, as a message to the user. */
export function envoyGatewayContradiction(command: Command): string | undefined {
  const flags = command.opts<EnvoyGatewayFlags>();
  const name = (key: keyof EnvoyGatewayFlags): string => spelled(command, key);
  const { envoyGatewayExtensionCertFile: cert, envoyGatewayExtensionKeyFile: key } = flags;
  if (flags.envoyGatewayExtension !== true) {
    const alone = (
      [
        "envoyGatewayExtensionCertFile",
        "envoyGatewayExtensionKeyFile",
        "envoyGatewayExtensionClientCaFile",
        "gatewayAddress",
        "filterSettings",
      ] as const
    ).find((flag) => flags[flag] !== undefined);
    return alone && `${name(alone)} needs --envoy-gateway-extension`;
  }
  if (flags.gatewayAddress === undefined) return `${name("envoyGatewayExtension")} needs --gateway-address`;
  if (cert === undefined && key !== undefined) {
    return `${name("envoyGatewayExtensionKeyFile")} needs --envoy-gateway-extension-cert-file`;
  }
  if (cert !== undefined && key === undefined) {
    return `${name("envoyGatewayExtensionCertFile")} needs --envoy-gateway-extension-key-file`;
  }
  if (cert === undefined && flags.envoyGatewayExtensionClientCaFile !== undefined) {
    return `${name("envoyGatewayExtensionClientCaFile")} needs --envoy-gateway-extension-cert-file`;
  }
  return undefined;
}

/** The settings of flags that do not contradict each other; undefined where there is no extension server. */
export function envoyGatewaySettings(flags: EnvoyGatewayFlags): ExtensionSettings | undefined {
  const { envoyGatewayExtensionCertFile: certificate, envoyGatewayExtensionKeyFile: key } = flags;
  const { envoyGatewayExtensionClientCaFile: clientAuthorities, gatewayAddress } = flags;
  if (flags.envoyGatewayExtension !== true || gatewayAddress === undefined) return undefined;
  return {
    port: flags.envoyGatewayExtensionPort,
    gatewayAddress,
    ...(certificate !== undefined &&
      key !== undefined && {
        tls: { certificate, key, ...(clientAuthorities !== undefined && { clientAuthorities }) },
      }),
    filter: flags.filterSettings ?? {},
  };
}
