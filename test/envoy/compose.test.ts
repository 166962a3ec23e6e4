import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { ROOT } from "../../scripts/stack/command.ts";
import { localCommand, readServices } from "../../scripts/stack/compose.ts";
import { readSettings } from "../../scripts/stack/settings.ts";
import { readEnvoyConfig } from "../harness/envoy-config.ts";
import { COMPOSE_SCHEMA } from "./compose-schema.ts";
import { parseDockerfile } from "./dockerfile.ts";

const FILE = join(ROOT, "envoy", "docker-compose.yaml");
type Service = {
  build: { context: string; dockerfile: string; target: string };
  command: string[];
  ports?: string[];
  network_mode?: string;
};

describe("envoy/docker-compose.yaml", () => {
  const file = parse(readFileSync(FILE, "utf8"), { merge: true }) as { services: Record<string, Service> };
  const services = Object.entries(file.services);

  test("has the structure that Compose asks for", () => {
    const validate = new Ajv({ allErrors: true, strictTuples: false, allowUnionTypes: true }).compile(COMPOSE_SCHEMA);
    assert.ok(validate(file), JSON.stringify(validate.errors, null, 2));
  });

  const hasCompose = spawnSync("docker", ["compose", "version"]).status === 0;
  test("is accepted by docker compose", { skip: !hasCompose && "there is no docker compose here" }, () => {
    const { status, stderr } = spawnSync("docker", ["compose", "-f", FILE, "config", "-q"], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  });

  test("builds from stages that exist, and shares the network of a service that exists", () => {
    for (const [name, { build, network_mode, ports }] of services) {
      const context = join(ROOT, "envoy", build.context);
      const dockerfile = join(context, build.dockerfile);
      assert.ok(existsSync(dockerfile), `${name}: ${dockerfile}`);
      const stages = parseDockerfile(readFileSync(dockerfile, "utf8")).map((stage) => stage.name);
      assert.ok(stages.includes(build.target), `${name}: no stage ${build.target}`);
      if (network_mode === undefined) continue;
      assert.ok(network_mode.replace("service:", "") in file.services, `${name}: ${network_mode}`);
      assert.equal(ports, undefined, `${name} publishes ports of a network that is not its own`);
    }
  });

  test("publishes ports only to this machine, to the same port, and only of something that listens", () => {
    const command = services.flatMap(([, service]) => service.command);
    const { listeners } = readEnvoyConfig().static_resources;
    const listening = [...command, ...listeners.map(({ address }) => String(address.socket_address.port_value))];
    for (const published of services.flatMap(([, { ports }]) => ports ?? [])) {
      const [host, outside, inside] = published.split(":");
      assert.equal(host, "127.0.0.1", published);
      assert.equal(outside, inside, published);
      assert.ok(listening.includes(inside!), published);
    }
  });

  test("names only files of this repository or of the build", () => {
    for (const [name, { command }] of services) {
      for (const word of command.filter((each) => /^(envoy|build)\//.test(each))) {
        assert.ok(existsSync(join(ROOT, word)), `${name}: ${word}`);
      }
    }
  });

  test("has the standard ports of npm start, each once", () => {
    const config = readEnvoyConfig();
    const inEnvoy = [config.admin.address, config.static_resources.listeners[0]!.address];
    const everywhere = [
      ...services.flatMap(([, { command }]) => command.filter((word) => /^\d{4,5}$/.test(word)).map(Number)),
      ...inEnvoy.map((address) => address.socket_address.port_value),
    ];
    const settings = readSettings([]).map(({ standard }) => standard);
    assert.deepEqual(everywhere.sort(), settings.sort());
  });

  test("gives commands that run without containers, on other ports, and only for this machine", () => {
    const local = {
      binaries: { node: "/opt/node", envoy: "/opt/envoy" },
      ports: new Map([[8001, 18001]]),
      files: new Map([["envoy/envoy.yaml", ".cache/run/envoy.yaml"]]),
    };
    const read = readServices(FILE);
    const roles = Object.fromEntries(read.map(({ name, role }) => [name, role]));
    assert.deepEqual(roles, {
      envoy: "envoy",
      sidecar: "sidecar",
      "sim-1": "simulator",
      "sim-2": "simulator",
      "sim-3": "simulator",
    });
    const commands = read.map((service) => localCommand(service, local));
    assert.ok(commands.every(({ args }) => !args.includes("0.0.0.0")));
    assert.deepEqual([commands[0]?.command, commands[0]?.args[1]], ["/opt/envoy", ".cache/run/envoy.yaml"]);
    assert.equal(
      commands[2]?.args.join(" "),
      "build/simulator.mjs --host 127.0.0.1 --port 18001 --name sim-1 --model base --lora reviews-1",
    );
  });
});
