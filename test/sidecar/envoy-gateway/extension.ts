// An extension server, and a client that calls it as Envoy Gateway does.

import type { TestContext } from "node:test";
import { Client, type ClientOptions, credentials, type ServiceError } from "@grpc/grpc-js";
import { startExtensionServer } from "../../../sidecar/envoy-gateway/extension-server.ts";
import type { TlsFiles } from "../../../sidecar/envoy-gateway/server-credentials.ts";
import { createLogger, type Log } from "../../../sidecar/observe/log.ts";
import { systemClock } from "../../../sidecar/support/clock.ts";
import { decode, encode, type Plain } from "./codec.ts";

const SERVICE = "envoygateway.extension.EnvoyGatewayExtension";
const NO_MATTER = (bytes: Buffer): Buffer => bytes;

/** Where gateways find the sidecar. */
export const TARGET = "inline-epp.models.svc:9002";

/** Calls a hook with bytes. Rejects with what gRPC says. */
export function callHook(client: Client, hook: string, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      `/${SERVICE}/${hook}`,
      NO_MATTER,
      NO_MATTER,
      request,
      (error: ServiceError | null, answer) => {
        if (error) reject(error);
        else resolve(answer!);
      },
    );
  });
}

/** Starts an extension server that ends with the test. */
export async function startExtension(t: TestContext, tls?: TlsFiles, log: Log = createLogger("silent", "json")) {
  const server = await startExtensionServer(
    { host: "127.0.0.1", port: 0, flag: "--x" },
    { port: 0, gatewayAddress: { host: "inline-epp.models.svc", port: 9002 }, filter: {}, ...(tls && { tls }) },
    systemClock,
    log,
  );
  t.after(() => server.close(0));
  const connect = (channel = credentials.createInsecure(), options: ClientOptions = {}): Client => {
    const client = new Client(`127.0.0.1:${server.port}`, channel, {
      "grpc.max_receive_message_length": -1,
      ...options,
    });
    t.after(() => client.close());
    return client;
  };
  const client = tls === undefined ? connect() : undefined;
  return {
    connect,
    /** Calls a hook of a server without TLS. */
    async call(hook: string, request: Plain): Promise<Plain> {
      const answer = await callHook(client!, hook, encode(`${hook}Request`, request));
      return decode(`${hook}Response`, answer);
    },
    client,
  };
}

/** A pool as Envoy Gateway hands it over. */
export function poolResource(name: string, more: object = {}): Plain {
  const pool = {
    apiVersion: "inference.networking.k8s.io/v1",
    kind: "InferencePool",
    metadata: { name, namespace: "models" },
    spec: { targetPorts: [{ number: 8000 }] },
    ...more,
  };
  return { unstructured_bytes: Buffer.from(JSON.stringify(pool)) };
}
