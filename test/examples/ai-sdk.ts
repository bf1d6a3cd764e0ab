import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText } from "ai";
import { issueAccess, providerFetch } from "./provider-fetch.ts";

const name = process.env["PROVIDER"] ?? "openai";
const baseURL = `${(await issueAccess(name)).baseUrl}/v1`;
const fetch = providerFetch(name);
const model =
  name === "anthropic"
    ? createAnthropic({ baseURL, apiKey: "not used", fetch })("claude-haiku-4-5")
    : createOpenAICompatible({ name, baseURL, fetch })("gpt-5-mini");

const { text } = await generateText({ model, prompt: "Say hello." });
console.log(text);

const { textStream } = streamText({ model, prompt: "Say hello." });
for await (const part of textStream) process.stdout.write(part);
