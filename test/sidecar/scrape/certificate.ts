import { generateKeyPairSync, sign } from "node:crypto";

/** A DER element (ITU-T X.690): tag, length, content. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...content: readonly Buffer[]): Buffer => der(0x30, ...content);
const utcTime = (text: string): Buffer => der(0x17, Buffer.from(text));
/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2 */
const ALGORITHM = sequence(der(0x06, Buffer.from("2a8648ce3d040302", "hex")));
/** commonName, 2.5.4.3 */
const COMMON_NAME = der(0x06, Buffer.from("550403", "hex"));

/** A new key and a certificate that it signs for itself, both PEM: nothing secret has to lie in the repository. */
export function selfSigned(host = "metrics"): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(host)))));
  const version3 = der(0xa0, der(0x02, Buffer.from([2])));
  const content = sequence(
    version3,
    der(0x02, Buffer.from([1])),
    ALGORITHM,
    name,
    sequence(utcTime("200101000000Z"), utcTime("491231235959Z")),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = der(0x03, Buffer.from([0]), sign("sha256", content, privateKey));
  const lines = sequence(content, ALGORITHM, signature)
    .toString("base64")
    .replaceAll(/.{64}(?=.)/g, "$&\n"); // an empty line at the end is no PEM
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}
