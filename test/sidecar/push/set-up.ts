import type { TestContext } from "node:test";
import { type PushServerOptions, startPushServer } from "../../../sidecar/push/push-server.ts";
import type { Observed } from "../../../wire/model.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { FakePlans, FakeSource } from "./fake-source.ts";
import { RecordingLog, RecordingObserver } from "./recorder.ts";
import { TestGateway } from "./test-gateway.ts";

/** What gateways of tests want, unless a test is about that. */
const USUAL = ["a", "b", "new", "big", "small", "good", "bad"].map((name) => `ns/${name}`);

/** A push server on a free loopback port whose time stands still; all of it ends with the test. */
export async function setUp(
  t: TestContext,
  more: Partial<Pick<PushServerOptions, "peers" | "observed" | "methods">> = {},
) {
  const source = new FakeSource();
  const plans = new FakePlans();
  const clock = new ManualClock();
  const log = new RecordingLog();
  const observer = new RecordingObserver();
  const listen = { host: "127.0.0.1", port: 0, flag: "--grpc-port" };
  const taken: Observed[] = [];
  const observed = (batch: Observed) => taken.push(batch);
  const server = await startPushServer({ source, plans, listen, clock, log, observer, observed, ...more });
  const gateways: TestGateway[] = [];
  t.after(async () => {
    for (const gateway of gateways) gateway.close();
    await server.stop(100);
  });

  /** Opens a stream, and says no more. */
  function open(): TestGateway {
    const gateway = new TestGateway(server.port);
    gateways.push(gateway);
    return gateway;
  }

  /** Opens a stream, and says HELLO as the gateway of that number, and WANT. */
  function connect(number = 7n, wants: readonly string[] = USUAL): TestGateway {
    const gateway = open();
    gateway.hello("test-node", number);
    gateway.want(wants);
    return gateway;
  }

  return { source, plans, clock, log, observer, server, taken, open, connect };
}
