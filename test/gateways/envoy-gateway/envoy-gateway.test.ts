import { startSubject } from "../backends.ts";
import { HOSTS } from "../hosts.ts";
import { gatewaySuite } from "../suite.ts";
import { startEnvoyGateway } from "./standalone.ts";

gatewaySuite(HOSTS.envoyGateway, (parts) => startSubject(parts, (backends) => startEnvoyGateway(backends)));
