import { poolNameAt, poolNameLength, poolNameOf } from "../../assembly/request/pool-name.ts";

// The pool that a name follows; empty: none. The name stands at the end of its buffer.
function poolOf(name: string, cluster: bool): string {
  const bytes = String.UTF8.encode(name);
  if (!poolNameOf(changetype<usize>(bytes), bytes.byteLength, cluster)) return "";
  return String.UTF8.decodeUnsafe(poolNameAt, poolNameLength);
}

function none(name: string): void {
  expect(poolOf(name, true)).toBe("", name);
}

const HOST = "-ip-0d9f1e2a.team-a.svc.cluster.local";

describe("the pool of a cluster or route", () => {
  it("is the one of that name", () => {
    expect(poolOf("team-a/base", false)).toBe("team-a/base");
    expect(poolOf("team-a/base", true)).toBe("team-a/base");
    expect(poolOf("a/b", false)).toBe("a/b");
    expect(poolOf("0/llama-3.1-8b", false)).toBe("0/llama-3.1-8b");
  });

  it("is none where the name is no namespace and name", () => {
    const names = [
      "", "/", "a", "a/", "/b", "a//b", "a/b/c", "A/b", "a/B", "a b/c", "a/b ", "a_b/c", "größe/b", "a/b\0",
    ];
    for (let i = 0; i < names.length; i++) {
      none(names[i]);
      expect(poolOf(names[i], false)).toBe("", names[i]);
    }
  });

  it("of what Envoy Gateway makes for an HTTPRoute is called as the HTTPRoute", () => {
    expect(poolOf("httproute/team-a/llama-3.1/rule/0", true)).toBe("team-a/llama-3.1");
    expect(poolOf("httproute/team-a/llama/rule/12", true)).toBe("team-a/llama");
    expect(poolOf("httproute/team-a/llama/rule/0/backend/1", true)).toBe("team-a/llama");
    expect(poolOf("httproute/team-a/llama/rule/0/match/0/*", false)).toBe("team-a/llama");
    expect(poolOf("httproute/team-a/llama/rule/0/match/1/www_example_com", false)).toBe("team-a/llama");
    expect(poolOf("httproute/httproute/rule/rule/0", true)).toBe("httproute/rule");
    expect(poolOf("httproute/rule", true)).toBe("httproute/rule", "the pool's own name");
  });

  it("of what Envoy Gateway makes is none where it is for no rule of an HTTPRoute", () => {
    const names = [
      "httproute/", "httproute/a/", "httproute/a/b/", "httproute/a/b", "httproute//b/rule/0", "httproute/a//rule/0",
      "httproute/a/b/rule", "httproute/a/b/rule/", "httproute/a/b/rule//", "httproute/a/b/rule/x", "httproute/a/b/rule/0x",
      "httproute/a/b/rules/0", "httproute/A/b/rule/0", "httproute/a/B/rule/0", "httproutes/a/b/rule/0",
      "grpcroute/a/b/rule/0", "/httproute/a/b/rule/0", "envoyextensionpolicy/a/b/rule/0",
    ];
    for (let i = 0; i < names.length; i++) {
      none(names[i]);
      expect(poolOf(names[i], false)).toBe("", names[i]);
    }
  });

  it("of a cluster of Istio's is the one that its service is made for", () => {
    expect(poolOf("outbound|54321||base" + HOST, true)).toBe("team-a/base");
    expect(poolOf("outbound|54320|v1|base" + HOST, true)).toBe("team-a/base");
    expect(poolOf("outbound|1||a-ip-00000000-ip-ffffffff.b.svc.example", true)).toBe("b/a-ip-00000000");
    expect(poolOf("outbound|54321||llama-ip-0123abcd.0.svc.a.b.c", true)).toBe("0/llama");
  });

  it("of a service with the most characters that there may be is what stands there", () => {
    const most = "p".repeat(51); // and "-ip-" and 8 digits: 63
    expect(poolOf("outbound|54321||" + most + HOST, true)).toBe("team-a/" + most);
  });

  it("of Istio's clusters is none where it is no pool's", () => {
    expect(poolOf("outbound|54321||base" + HOST, false)).toBe("", "a route has no such name");
    none("outbound|54321||base.team-a.svc.cluster.local");
    none("outbound|54321||base-ip-0d9f1e2.team-a.svc.cluster.local");
    none("outbound|54321||base-ip-0d9f1e2g.team-a.svc.cluster.local");
    none("outbound|54321||base-ip-0D9F1E2A.team-a.svc.cluster.local");
    none("outbound|54321||base-iq-0d9f1e2a.team-a.svc.cluster.local");
    none("outbound|54321||-ip-0d9f1e2a.team-a.svc.cluster.local");
    none("outbound|54321||Base" + HOST);
    none("outbound|54321||x.base" + HOST);
    none("outbound|54321||base-ip-0d9f1e2a.team-a.example.com");
    none("outbound|54321||base-ip-0d9f1e2a.team-a.svc.");
    none("outbound|54321||base-ip-0d9f1e2a.team-a.svc");
    none("outbound|54321||base-ip-0d9f1e2a.team-a");
    none("outbound|54321||base-ip-0d9f1e2a..svc.cluster.local");
    none("outbound|54321||base-ip-0d9f1e2a");
    none("outbound|54321||base" + HOST + "|");
    none("outbound|54321|base" + HOST);
    none("outbound||base" + HOST);
    none("outbound|||base" + HOST);
    none("outbound|http||base" + HOST);
    none("inbound|54321||base" + HOST);
    none("outbound_.54321_._.base" + HOST);
    none("outbound|54321||" + "p".repeat(500) + HOST);
  });

  it("is not looked for past the name's end", () => {
    const whole = "outbound|54321||base" + HOST;
    for (let length = 0; length < whole.length; length++) {
      const cut = whole.substring(0, length);
      const beginning = whole.indexOf(".svc.") + 5;
      expect(poolOf(cut, true)).toBe(length > beginning ? "team-a/base" : "", cut);
    }
    const rule = "httproute/team-a/base/rule/0";
    const two = "httproute/team-a".length;
    for (let length = "httproute/t".length; length < rule.length; length++) {
      const cut = rule.substring(0, length);
      expect(poolOf(cut, true)).toBe(length <= two ? cut : "", cut);
    }
  });
});
