import { startSubject } from "../backends.ts";
import { HOSTS } from "../hosts.ts";
import { gatewaySuite, type Parts, type Subject } from "../suite.ts";
import { extensionFlags, startExtended } from "./gateway.ts";

async function start(parts: Parts, settings: object = {}): Promise<Subject> {
  const { flags, port } = await extensionFlags({ "filter-settings": JSON.stringify(settings) });
  return startSubject(parts, (backends) => startExtended(backends, port), flags);
}

gatewaySuite(HOSTS.envoyGatewayExtension, start);
