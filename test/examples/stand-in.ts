import { startMockProvider } from "../support/mock-provider.ts";

// A server on this machine that speaks Anthropic's wire format, for trying things without an account.
const provider = await startMockProvider("anthropic");
console.log(`ANTHROPIC_API_BASE_URL=${provider.baseUrl}`);
console.log(`API_KEY=${provider.key}`);
