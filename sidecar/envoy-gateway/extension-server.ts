import {
  type ChannelOptions,
  type Server,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { rawMethod } from "../grpc/raw-method.ts";
import { type GrpcListener, listenGrpc } from "../observe/grpc-listener.ts";
import type { Listen } from "../observe/listen-error.ts";
import type { Log } from "../observe/log.ts";
import { Quiet } from "../observe/quiet.ts";
import type { Clock } from "../support/clock.ts";
import { type Hook, HookRefused, hooks } from "./hooks.ts";
import { type TlsFiles, watchCredentials } from "./server-credentials.ts";
import type { SidecarAddress } from "./sidecar-source.ts";

const SERVICE = "envoygateway.extension.EnvoyGatewayExtension";
/** All that a gateway has comes in one message, and may be much. */
const OPTIONS: ChannelOptions = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

/** Where Envoy Gateway calls, and what it is to tell its gateways. */
export interface ExtensionSettings {
  readonly port: number;
  /** Where gateways reach this sidecar's --grpc-port. */
  readonly gatewayAddress: SidecarAddress;
  /** Plaintext where left out. */
  readonly tls?: TlsFiles;
  /** The filter's configuration, but for what has to be so. */
  readonly filter: Readonly<Record<string, unknown>>;
}

function serviceOf(names: readonly string[]): ServiceDefinition {
  return Object.fromEntries(names.map((name) => [name, rawMethod(`/${SERVICE}/${name}`)]));
}

type Call = ServerUnaryCall<Buffer, Uint8Array>;

function failureOf(error: unknown): { code: status; details: string } {
  const { message } = error as Error;
  if (error instanceof HookRefused) return { code: status.FAILED_PRECONDITION, details: message };
  if (error instanceof RangeError || error instanceof SyntaxError) {
    return { code: status.INVALID_ARGUMENT, details: `not what this hook is asked: ${message}` };
  }
  return { code: status.INTERNAL, details: `this is a bug: ${message}` };
}

/**
 * Serves Envoy Gateway's extension hooks.
 * @throws ListenError where the port cannot be had; Error where a file of TLS cannot be used.
 */
export async function startExtensionServer(
  listen: Listen,
  { gatewayAddress, tls }: ExtensionSettings,
  clock: Clock,
  log: Log,
): Promise<GrpcListener> {
  const quiet = new Quiet(clock);
  const all = hooks(gatewayAddress, (route, reason) => log.warn({ route, reason }, "a route is answered 500"));
  const handle = (name: string, hook: Hook) => (call: Call, reply: sendUnaryData<Uint8Array>) => {
    let answer: Uint8Array;
    try {
      answer = hook(call.request);
    } catch (error) {
      const failure = failureOf(error);
      const unsaid = quiet.mayI(name);
      if (unsaid !== undefined) log.error({ hook: name, reason: failure.details, unsaid }, "hook refused");
      reply(failure);
      return;
    }
    log.debug({ hook: name, asked: call.request.length, answered: answer.length }, "hook answered");
    reply(null, answer);
  };
  const handlers = Object.fromEntries(Object.entries(all).map(([name, hook]) => [name, handle(name, hook)]));
  const watched = tls && (await watchCredentials(tls, log));
  const setUp = (server: Server): void => server.addService(serviceOf(Object.keys(all)), handlers);
  try {
    const { port, close } = await listenGrpc(listen, OPTIONS, setUp, watched?.credentials);
    return {
      port,
      async close(grace) {
        watched?.stop();
        await close(grace);
      },
    };
  } catch (error) {
    watched?.stop();
    throw error;
  }
}
