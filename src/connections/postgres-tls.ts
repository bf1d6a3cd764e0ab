import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { checkServerIdentity, type ConnectionOptions, createSecureContext } from "node:tls";
import { ConnectionUrlError } from "./connection-url.ts";

/** What libpq calls them (https://www.postgresql.org/docs/current/libpq-ssl.html), and pg's `no-verify`. */
const modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full", "no-verify"] as const;
type Mode = (typeof modes)[number];

export const tlsParameters = [
  "sslmode",
  "ssl",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "sslpassword",
  "sslnegotiation",
  "uselibpqcompat",
];

type Parameters = ReadonlyMap<string, string>;

/** The modes that pg takes in place of `sslmode`. */
const shortModes: Readonly<Record<string, Mode>> = {
  true: "verify-full",
  "1": "verify-full",
  false: "disable",
  "0": "disable",
  "no-verify": "no-verify",
};

function oneOf<T extends string>(parameters: Parameters, name: string, values: readonly T[]): T | null {
  const value = parameters.get(name);
  if (value === undefined) return null;
  const found = values.find((known) => known === value);
  if (found !== undefined) return found;
  throw new ConnectionUrlError(`has an unknown value of ${name}.`, `Use one of ${values.join(", ")}.`, name);
}

function readMode(parameters: Parameters): Mode {
  const short = oneOf(parameters, "ssl", Object.keys(shortModes));
  const mode = oneOf(parameters, "sslmode", modes);
  if (short !== null && mode !== null) {
    throw new ConnectionUrlError("has both ssl and sslmode.", "Keep sslmode.", "ssl");
  }
  const files = ["sslrootcert", "sslcert", "sslkey"].filter((name) => parameters.has(name));
  const chosen = mode ?? (short === null ? null : shortModes[short]!);
  if (chosen !== "disable") return chosen ?? (files.length > 0 ? "verify-full" : "disable");
  if (files.length === 0) return chosen;
  throw new ConnectionUrlError(
    `switches TLS off and names ${files.join(" and ")}.`,
    "Use sslmode=verify-full, or leave the files out.",
    files[0],
  );
}

function readFile(parameters: Parameters, name: string): string | undefined {
  const path = parameters.get(name);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new ConnectionUrlError(
      `names a file in ${name} that cannot be read (${code}).`,
      `Correct the path in ${name}, or let the user of this process read the file.`,
      name,
    );
  }
}

/** Node takes a file without any certificate for no file at all, and would then trust the public authorities. */
function readCertificates(parameters: Parameters, name: "sslrootcert" | "sslcert"): string | undefined {
  const pem = readFile(parameters, name);
  if (pem === undefined) return undefined;
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.map((block) => new X509Certificate(block)).length > 0) return pem;
  } catch {
    // Told below.
  }
  throw new ConnectionUrlError(`names a file in ${name} that holds no readable certificate.`, "It must be PEM.", name);
}

function readClientCertificate(parameters: Parameters): ConnectionOptions {
  const cert = readCertificates(parameters, "sslcert");
  const key = readFile(parameters, "sslkey");
  const passphrase = parameters.get("sslpassword");
  if (cert === undefined && key === undefined) return {};
  if (cert === undefined || key === undefined) {
    const lacking = cert === undefined ? "sslcert" : "sslkey";
    throw new ConnectionUrlError(
      `names only one of sslcert and sslkey.`,
      `Add ${lacking}: both are needed.`,
      cert === undefined ? "sslkey" : "sslcert",
    );
  }
  const secret = passphrase === undefined ? {} : { passphrase };
  try {
    createPrivateKey({ key, ...secret });
  } catch {
    const cure = "It must be PEM; the password of an encrypted key belongs in sslpassword.";
    throw new ConnectionUrlError("names a file in sslkey that holds no readable private key.", cure, "sslkey");
  }
  const options = { cert, key, ...secret };
  try {
    createSecureContext(options);
  } catch {
    const cure = "Name the key that the certificate was made with.";
    throw new ConnectionUrlError("names a certificate and a key that do not belong together.", cure, "sslkey");
  }
  return options;
}

/** How far a mode checks the server's certificate. `uselibpqcompat` brings libpq's weaker meanings. */
function checkOf(mode: Mode, hasAuthority: boolean, isCompatible: boolean): "full" | "authority" | "none" {
  if (mode === "no-verify") return "none";
  if (mode === "verify-ca") return "authority";
  if (mode === "verify-full" || !isCompatible) return "full";
  return mode === "require" && hasAuthority ? "authority" : "none";
}

/**
 * What TLS needs for a connection to `host`; false for a connection in plain text. Every mode but `disable` means TLS
 * and never falls back. Unlike libpq's, `allow`, `prefer` and `require` check the certificate as `verify-full` does, as
 * pg 8 has it too (https://node-postgres.com/features/ssl); `no-verify` and `uselibpqcompat=true` are the ways out.
 * @throws ConnectionUrlError
 */
export function readTls(parameters: Parameters, host: string): ConnectionOptions | false {
  const isCompatible = oneOf(parameters, "uselibpqcompat", ["true", "false"]) === "true";
  const mode = readMode(parameters);
  if (mode === "disable") {
    if (oneOf(parameters, "sslnegotiation", ["postgres", "direct"]) !== "direct") return false;
    const cure = "Add sslmode=verify-full.";
    throw new ConnectionUrlError("has sslnegotiation=direct without TLS.", cure, "sslnegotiation");
  }
  if (host.startsWith("/")) {
    const cure = "Leave the TLS parameters out: connections through a socket stay on this machine.";
    throw new ConnectionUrlError("asks for TLS on a Unix socket, which PostgreSQL does not offer.", cure, "sslmode");
  }
  oneOf(parameters, "sslnegotiation", ["postgres", "direct"]);
  const isSystem = parameters.get("sslrootcert") === "system";
  const ca = isSystem ? undefined : readCertificates(parameters, "sslrootcert");
  const check = checkOf(mode, ca !== undefined, isCompatible);
  if (mode === "verify-ca" && ca === undefined) {
    throw new ConnectionUrlError(
      "has sslmode=verify-ca without a certificate authority: anybody's certificate for any name would do.",
      "Add sslrootcert with the file of the authority, or use sslmode=verify-full.",
      "sslmode",
    );
  }
  return {
    // Said in any case: NODE_TLS_REJECT_UNAUTHORIZED=0 would otherwise switch the check off.
    rejectUnauthorized: check !== "none",
    // pg gives Node no name for an IP address, and Node would then look for "localhost" in the certificate.
    checkServerIdentity: (_name, certificate) =>
      check === "full" ? checkServerIdentity(host, certificate) : undefined,
    ...(ca === undefined ? {} : { ca }),
    ...readClientCertificate(parameters),
  };
}
