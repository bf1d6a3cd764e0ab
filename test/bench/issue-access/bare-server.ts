/**
 * The yardstick: what `issueAccess` comes down to, written by hand on node:http for this one request. It verifies the
 * token, reads the row, opens the seal and writes the answer; there is no GraphQL, no other provider, no error but 500.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { openDatabase } from "../../../src/app/database.ts";
import { loadConfig } from "../../../src/config/config.ts";
import { environmentKeyWrapper } from "../../../src/credentials/sealing/key-wrapper.ts";
import { loadKeyring } from "../../../src/credentials/sealing/keyring.ts";
import { openValue, sealedKeyId } from "../../../src/credentials/sealing/sealed-value.ts";
import { systemClock } from "../../../src/lib/clock.ts";
import { reportPort } from "../report-port.ts";
import { openBareDatabase } from "./bare-database.ts";
import { createTokenVerifier } from "./bare-tokens.ts";

const config = loadConfig([]);
if (config.callerTokens.kind !== "secret") throw new TypeError("the bench gives a shared secret");
const verify = await createTokenVerifier(config.callerTokens.secret.reveal());

async function openKeyring() {
  const { databaseUrl, dataDir } = config;
  await using database = await openDatabase(
    databaseUrl === null ? { kind: "embedded", dataDir } : { kind: "postgres", url: databaseUrl.reveal() },
  );
  return await loadKeyring(database, environmentKeyWrapper(config.encryptionKeys), systemClock);
}

const keyring = await openKeyring();
const database = await openBareDatabase(config);

async function issueAccess(token: string, body: string): Promise<string> {
  const userId = await verify(token);
  const { provider } = (JSON.parse(body) as { variables: { input: { provider: string } } }).variables.input;
  const [row] = await database.read(userId, provider);
  if (row?.status !== "active" || (row.expires_ms !== null && row.expires_ms <= Date.now())) throw new Error("no key");
  const place = ["provider_credentials", "credentials", row.id, userId, provider, row.auth_method, row.token_version];
  // The seal is opened by our own code: it is what both servers must do, and not what is compared.
  const opened = openValue(keyring.find(sealedKeyId(row.credentials))!, row.credentials, place);
  const { apiKey } = JSON.parse(opened.toString()) as { apiKey: string };
  const headers = [
    { name: "x-api-key", value: apiKey },
    { name: "anthropic-version", value: "2023-06-01" },
  ];
  const grant = { baseUrl: "https://api.anthropic.com", headers, expiresAt: null };
  return JSON.stringify({ data: { issueAccess: { __typename: "IssueAccessPayload", grant } } });
}

function handle(request: IncomingMessage, response: ServerResponse): void {
  const send = (status: number, text: string) => {
    const length = Buffer.byteLength(text);
    response.writeHead(status, { "content-type": "application/json; charset=utf-8", "content-length": length });
    response.end(text);
  };
  let body = "";
  request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
  request.on("end", () => {
    issueAccess(request.headers.authorization?.slice("Bearer ".length) ?? "", body).then(
      (answer) => send(200, answer),
      (error: unknown) => send(500, String(error)),
    );
  });
}

const server = createServer(handle).listen(0, "127.0.0.1");
await once(server, "listening");
reportPort((server.address() as AddressInfo).port, async () => {
  server.close();
  server.closeAllConnections();
  await database[Symbol.asyncDispose]();
});
