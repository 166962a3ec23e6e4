import { isIPv4, isIPv6, SocketAddress } from "node:net";

const IPV4_AND_PORT = /^([\d.]+):([1-9]\d{0,4})$/;
const IPV6_AND_PORT = /^\[([\da-f:.]+)\]:([1-9]\d{0,4})$/i;
const MAX_PORT = 65535;

/**
 * Reads `ip:port` or `[ip6]:port`.
 * @returns the address as Envoy itself writes it (IPv6 in its shortest form, RFC 5952), since override_host compares
 * texts; undefined where it is no such address. Host names are none: nothing resolves them on the way.
 */
export function parseAddress(text: string): string | undefined {
  const v4 = IPV4_AND_PORT.exec(text);
  const v6 = IPV6_AND_PORT.exec(text);
  const port = Number(v4?.[2] ?? v6?.[2]);
  if (!(port <= MAX_PORT)) return undefined;
  const ip = v4?.[1] ?? v6?.[1] ?? "";
  if (v4 && isIPv4(ip)) return text;
  if (v6 && isIPv6(ip)) return `[${new SocketAddress({ family: "ipv6", address: ip }).address}]:${port}`;
  return undefined;
}
