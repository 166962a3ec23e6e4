import assert from "node:assert/strict";
import { test } from "node:test";
import { USUAL } from "../../../sidecar/ext-proc/settings.ts";
import { refusalOf, settingsOf } from "./parse.ts";

const ENDPOINTS = "--endpoints=f";

test("ext_proc is served unless told otherwise, as other pickers serve it", async () => {
  const { extProc, tls } = await settingsOf([ENDPOINTS]);
  assert.deepEqual(extProc, USUAL);
  assert.deepEqual(tls, { serving: "both", reload: false });
  assert.equal((await settingsOf([ENDPOINTS, "--ext-proc=false"])).extProc, undefined);
});

test("what gateways are to find where", async () => {
  const { extProc } = await settingsOf([
    ...[ENDPOINTS, "--destination-endpoint-hint-key=x-target", "--destination-endpoint-hint-metadata-namespace=lb"],
    ...["--disable-endpoint-subset-filter", "--conformance", "--grpc-max-recv-msg-size=10MiB"],
  ]);
  assert.deepEqual(extProc, {
    ...{ destinationKey: "x-target", destinationNamespace: "lb", subsets: false, steered: true },
    mostBytes: 10_485_760,
  });
});

test("TLS", async () => {
  const of = async (...args: string[]) => (await settingsOf([ENDPOINTS, ...args])).tls;
  assert.equal((await of("--secure-serving")).serving, "tls");
  assert.equal((await of("--secure-serving=false")).serving, "plaintext");
  assert.deepEqual(await of("--cert-path=/certs", "--enable-cert-reload", "--tls-min-version=VersionTLS13"), {
    ...{ serving: "both", certPath: "/certs", reload: true, minVersion: "TLSv1.3" },
  });
  const suites = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256";
  assert.equal(
    (await of(`--tls-cipher-suites=${suites}`)).ciphers,
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305",
  );
});

const SIZES: readonly (readonly [text: string, bytes: number])[] = [
  ["25MB", 25_000_000],
  ["25M", 25_000_000],
  ["512Ki", 524_288],
  ["4194304", 4_194_304],
  ["0", USUAL.mostBytes],
];
for (const [text, bytes] of SIZES) {
  test(`a message of ${text}`, async () => {
    assert.equal((await settingsOf([ENDPOINTS, `--grpc-max-recv-msg-size=${text}`])).extProc?.mostBytes, bytes);
  });
}

const REFUSED: readonly (readonly [args: string, why: RegExp])[] = [
  ["--enable-cert-reload", /^error: --enable-cert-reload needs --cert-path/],
  ["--tls-min-version=1.2", /Expected one of VersionTLS10, /],
  ["--tls-cipher-suites=TLS_RSA_WITH_RC4_128_SHA", /Expected some of TLS_ECDHE_ECDSA/],
  ["--grpc-max-recv-msg-size=lots", /such as 25MB or 10MiB/],
  ["--grpc-max-recv-msg-size=2GiB", /up to 1GiB/],
  ["--destination-endpoint-hint-key=X-Target", /in lower case/],
];
for (const [args, why] of REFUSED) {
  test(`${args} is refused`, async () => {
    assert.match(await refusalOf([ENDPOINTS, args]), why);
  });
}
