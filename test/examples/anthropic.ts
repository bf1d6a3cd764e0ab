import Anthropic from "@anthropic-ai/sdk";
import { issueAccess, providerFetch } from "./provider-fetch.ts";

const { baseUrl: baseURL } = await issueAccess("anthropic");
const anthropic = new Anthropic({ baseURL, apiKey: "not used", fetch: providerFetch("anthropic") });

const request = {
  model: "claude-haiku-4-5",
  max_tokens: 64,
  messages: [{ role: "user" as const, content: "Say hello." }],
};
const { content } = await anthropic.messages.create(request);
for (const block of content) if (block.type === "text") console.log(block.text);

const stream = anthropic.messages.stream(request).on("text", (text) => process.stdout.write(text));
await stream.finalMessage();
