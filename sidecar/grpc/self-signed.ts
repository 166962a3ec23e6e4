import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** A key and its certificate, PEM. */
export interface Identity {
  readonly key: string;
  readonly cert: string;
}

const YEARS = 10;

/** A DER element (ITU-T X.690): tag, length in as few bytes as it takes (Envoy reads no other), content. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

const sequence = (...content: readonly Buffer[]): Buffer => der(0x30, ...content);
const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));

/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2 */
const ALGORITHM = sequence(objectId("2a8648ce3d040302"));
/** commonName, 2.5.4.3 */
const COMMON_NAME = objectId("550403");

function utcTime(year: number, date: Date): Buffer {
  const iso = date.toISOString().replaceAll(/[-:T]/g, "");
  return der(0x17, Buffer.from(`${String(year % 100).padStart(2, "0")}${iso.slice(4, 14)}Z`));
}

/**
 * A new key and a certificate that it signs for itself, valid for ten years. Node can read certificates but not make
 * them: this one is an X.509 v3 certificate (RFC 5280) without extensions, which says nothing of who shows it.
 */
export function selfSigned(host = "inline-epp", now = new Date()): Identity {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(host)))));
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40; // positive, and of one length
  const year = now.getUTCFullYear();
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), // version 3
    der(0x02, serial),
    ALGORITHM,
    name,
    sequence(utcTime(year, now), utcTime(year + YEARS, now)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = der(0x03, Buffer.from([0]), sign("sha256", content, privateKey));
  const lines = sequence(content, ALGORITHM, signature)
    .toString("base64")
    .match(/.{1,64}/g)!;
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
  };
}
