import OpenAI from "openai";
import { issueAccess, providerFetch } from "./provider-fetch.ts";

const { baseUrl } = await issueAccess("openai");
const openai = new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey: "not used", fetch: providerFetch("openai") });

const messages = [{ role: "user" as const, content: "Say hello." }];
const completion = await openai.chat.completions.create({ model: "gpt-5-mini", messages });
console.log(completion.choices[0]?.message.content);

const stream = await openai.chat.completions.create({ model: "gpt-5-mini", messages, stream: true });
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "\n");
