// Requests of any kind, and what Node's client makes of them: now with HPACK's code and now without, with names and
// values that stand in its table, that fall out of it, and that never come in.

import { once } from "node:events";
import { connect as connectHttp2, type OutgoingHttpHeaders, sensitiveHeaders } from "node:http2";
import { type AddressInfo, connect, createServer } from "node:net";

type Random = () => number;

const NAMES = Array.from({ length: 30 }, (_, index) => `x-${"name-".repeat(index % 7)}${index}`);
const AUTHORITIES = [
  "outbound|9002||picker.models.svc.cluster.local",
  "inline-epp",
  "a|b",
  "127.0.0.1:9002",
  `<${"long|".repeat(100)}>`,
  `"user@host"`,
];

/** A request's body. */
const END = "the end.";

const below = (random: Random, limit: number): number => Math.floor(random() * limit);

function text(random: Random, characters: number): string {
  const codes = Array.from({ length: characters }, () => 0x21 + below(random, 0x5e));
  return String.fromCharCode(...codes);
}

/** Headers of a request. */
export function makeRequest(random: Random): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    ":method": "POST",
    ":scheme": "http",
    ":authority": AUTHORITIES[below(random, AUTHORITIES.length)],
    ":path": random() < 0.5 ? "/a/B" : `/${text(random, 20)}`,
  };
  const sensitive = new Set<string>();
  for (let count = below(random, 12); count > 0; count--) {
    const name = NAMES[below(random, NAMES.length)]!;
    // One in twenty takes most of the table.
    headers[name] = random() < 0.5 ? "the same" : text(random, random() < 0.05 ? 3000 : below(random, 60));
    if (random() < 0.1) sensitive.add(name);
  }
  return { ...headers, [sensitiveHeaders]: [...sensitive] };
}

/** The :authority as a server shall find it. */
export function mendedText(authority: string): string {
  return authority.replaceAll(/["#/<>?@\\^`{|}]/g, "_");
}

/** All that a client sends on a connection for these requests, which nobody answers: a hundred at the most. */
export async function record(requests: readonly OutgoingHttpHeaders[]): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  const listener = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.toString("latin1").split(END).length > requests.length) listener.emit("complete");
    });
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const session = connectHttp2("http://recorded", { createConnection: () => connect(port, "127.0.0.1") });
  session.on("error", () => undefined);
  for (const headers of requests)
    session
      .request(headers)
      .on("error", () => undefined)
      .end(END);
  await once(listener, "complete");
  session.destroy();
  listener.close();
  return bytes;
}
