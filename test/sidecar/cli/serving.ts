// What tests of a serving process need around it.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { Client, credentials } from "@grpc/grpc-js";
import { healthService } from "../../../sidecar/observe/health-server.ts";
import { TestGateway } from "../push/test-gateway.ts";
import type { Run } from "./run.ts";

/** Any free ports. */
export const ANY_PORTS = ["--grpc-port=0", "--grpc-health-port=0", "--metrics-port=0"];

/** A model server as far as a scrape can tell. */
export async function modelServer(t: TestContext, waiting: number): Promise<string> {
  const body = [
    `vllm:num_requests_waiting{model_name="m"} ${waiting}`,
    'vllm:num_requests_running{model_name="m"} 1',
    'vllm:kv_cache_usage_perc{model_name="m"} 0.25',
    "",
  ].join("\n");
  const server = createServer((_, response) => response.end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A gateway that has said HELLO, and that it uses the pools of these tests. */
export async function gateway(t: TestContext, run: Run): Promise<TestGateway> {
  const client = new TestGateway(await run.port("gateways"));
  t.after(() => client.close());
  client.hello();
  client.want(["ns/p", "ns/q", "models/base"]);
  return client;
}

/** What the metrics port answers. */
export async function get(
  run: Run,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; body: string }> {
  const answer = await fetch(`http://127.0.0.1:${await run.port("metrics and probes")}${path}`, { headers });
  return { status: answer.status, body: await answer.text() };
}

/** What the gRPC health check of a service says: 1 serving, 2 not. */
export async function health(run: Run, service: string): Promise<number> {
  const client = new Client(`127.0.0.1:${await run.port("gRPC health checks")}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = healthService.Check;
  const request = Buffer.concat([Buffer.from([0x0a, service.length]), Buffer.from(service)]);
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) => {
        if (error) reject(error);
        else resolve(answer![1]!);
      });
    });
  } finally {
    client.close();
  }
}
