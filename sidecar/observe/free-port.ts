import { createServer } from "node:net";
import { type Listen, ListenError } from "./listen-error.ts";

/**
 * Resolves where a port could be listened on now; takes it for a moment only. For a port that is listened on later:
 * who starts a process wants to know at once.
 * @throws ListenError where the port cannot be had.
 */
export async function checkPort(listen: Listen): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new ListenError(listen, error)));
    server.listen(listen.port, listen.host, () => server.close(() => resolve()));
  });
}
