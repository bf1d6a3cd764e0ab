import { createServer } from "node:http";
import { createApp, defineProvider, loadCatalog, loadConfig } from "maestro-auth";

// A provider of your own, in addition to those of the package.
const provider = defineProvider({
  name: "mistral",
  displayName: "Mistral",
  documentationUrl: "https://docs.mistral.ai/api",
  baseUrl: "https://api.mistral.ai",
  apiKey: { headers: (key) => ({ authorization: `Bearer ${key}` }), probe: "/v1/models" },
});
const catalog = [...(await loadCatalog()), provider];

// The same environment variables as for the command: DATA_DIR, DATABASE_URL, …
const app = await createApp(loadConfig(catalog), { catalog });

// Your own server. It passes requests for /graphql (HTTP and WebSocket) and /auth to Maestro Auth.
const server = createServer((request, response) => {
  if (request.url === "/hello") response.end("Hello from your application.\n");
  else app.server.emit("request", request, response);
});
server.on("upgrade", (request, socket, head) => app.server.emit("upgrade", request, socket, head));
server.listen(Number(process.env["PORT"] ?? 4000), () => console.log("listening", server.address()));

// A token for development. In production your identity provider issues tokens, or you sign them with AUTH_JWT_SECRET.
console.log("token", await app.developmentToken("alice", 3600));

process.once("SIGTERM", () => {
  server.close();
  void app[Symbol.asyncDispose]();
});
