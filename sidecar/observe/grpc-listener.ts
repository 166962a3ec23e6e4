import { type ChannelOptions, logVerbosity, Server, ServerCredentials, setLogVerbosity } from "@grpc/grpc-js";
import { authority, type Listen, ListenError } from "./listen-error.ts";

// The library prints to stderr what it also returns as errors. Who sets its own variable gets that back.
if (process.env.GRPC_VERBOSITY === undefined) setLogVerbosity(logVerbosity.NONE);

/** A gRPC server that listens. */
export interface GrpcListener {
  /** The port in use, also where any free one was asked for. */
  readonly port: number;
  /** Takes no more calls and waits for those under way; after so many milliseconds it cuts them off. */
  close(graceMilliseconds: number): Promise<void>;
}

/**
 * Binds a gRPC server.
 * @param setUp adds the services.
 * @param credentials plaintext where left out.
 * @throws ListenError where the port cannot be had.
 */
export async function listenGrpc(
  listen: Listen,
  options: ChannelOptions,
  setUp: (server: Server) => void,
  credentials: ServerCredentials = ServerCredentials.createInsecure(),
): Promise<GrpcListener> {
  const server = new Server(options);
  setUp(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(authority(listen.host, listen.port), credentials, (error, bound) => {
      if (error) reject(new ListenError(listen, error));
      else resolve(bound);
    });
  }).catch((error: unknown) => {
    server.forceShutdown();
    throw error;
  });
  return {
    port,
    close: (grace) =>
      new Promise((resolve) => {
        const late = setTimeout(() => server.forceShutdown(), grace);
        server.tryShutdown(() => {
          clearTimeout(late);
          resolve();
        });
      }),
  };
}
