import type { TestContext } from "node:test";
import { startPushServer } from "../../../sidecar/push/push-server.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { FakePlans, FakeSource } from "./fake-source.ts";
import { RecordingLog, RecordingObserver } from "./recorder.ts";
import { TestGateway } from "./test-gateway.ts";

/** A push server on a free loopback port whose time stands still; all of it ends with the test. */
export async function setUp(t: TestContext) {
  const source = new FakeSource();
  const plans = new FakePlans();
  const clock = new ManualClock();
  const log = new RecordingLog();
  const observer = new RecordingObserver();
  const listen = { host: "127.0.0.1", port: 0, flag: "--grpc-port" };
  const server = await startPushServer({ source, plans, listen, clock, log, observer });
  const gateways: TestGateway[] = [];
  t.after(async () => {
    for (const gateway of gateways) gateway.close();
    await server.stop(100);
  });

  /** Opens a stream; says HELLO where asked to, as the gateway of that number. */
  function connect(hello = true, number = 7n): TestGateway {
    const gateway = new TestGateway(server.port);
    gateways.push(gateway);
    if (hello) gateway.hello("test-node", number);
    return gateway;
  }

  return { source, plans, clock, log, observer, server, connect };
}
