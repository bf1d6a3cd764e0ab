import { describe, expect, test } from "vitest";
import { ConfigError, loadConfig } from "../../src/config/config.ts";
import { loadCatalog } from "../../src/providers/registry.ts";
import { testEnvironment } from "../support/test-app.ts";

const catalog = await loadCatalog();

function read(provider: string, url: string): string | null {
  const environment = { ...testEnvironment, [`${provider.toUpperCase()}_API_BASE_URL`]: url };
  return loadConfig(catalog, environment).providers.get(provider)!.apiBaseUrl;
}

describe("what a base URL has in common with the path that is added is not doubled", () => {
  test.each([
    ["openai", "https://gw.example/v1", "https://gw.example"],
    ["openai", "https://gw.example/v1/", "https://gw.example"],
    ["openai", "https://gw.example/V1//", "https://gw.example"],
    ["openai", "https://gw.example/v1/models", "https://gw.example"],
    ["openai", "https://gw.example/llm/openai/v1", "https://gw.example/llm/openai"],
    ["openai", "https://api.openai.com/v1", "https://api.openai.com"],
    ["anthropic", "https://gw.example/anthropic/v1/", "https://gw.example/anthropic"],
    ["anthropic", "https://api.anthropic.com/v1/models/", "https://api.anthropic.com"],
    ["google", "https://generativelanguage.googleapis.com/v1beta", "https://generativelanguage.googleapis.com"],
    ["google", "https://gw.example/v1beta/models", "https://gw.example"],
  ])("%s: %s", (provider, url, base) => {
    expect(read(provider, url)).toBe(base);
  });
});

test.each([
  ["openai", "https://gw.example", "https://gw.example"],
  ["openai", "https://gw.example///", "https://gw.example"],
  [
    "openai",
    "https://gateway.ai.example/v1/account/gateway/openai/",
    "https://gateway.ai.example/v1/account/gateway/openai",
  ],
  ["openai", "https://gw.example/xv1", "https://gw.example/xv1"],
  ["anthropic", "https://gw.example/v1beta", "https://gw.example/v1beta"],
  ["google", "http://127.0.0.1:8080/gemini", "http://127.0.0.1:8080/gemini"],
])("%s: any other path is the gateway's own: %s", (provider, url, base) => {
  expect(read(provider, url)).toBe(base);
});

describe("what can only be a mistake is refused at the start, with the cure", () => {
  test.each([
    ["openai", "https://gw.example/models", "path of a call"],
    ["openai", "https://gw.example/v1/chat/completions", "path of a call"],
    ["openai", "https://gw.example/v1/responses/", "path of a call"],
    ["anthropic", "https://api.anthropic.com/v1/messages", "path of a call"],
    ["google", "https://gw.example/v1beta/models/gemini-3-pro:generateContent", "path of a call"],
    ["google", "https://generativelanguage.googleapis.com/v1", "does not have before /v1beta/models"],
    ["google", "https://generativelanguage.googleapis.com/v1beta/openai", "does not have before /v1beta/models"],
    ["openai", "https://api.openai.com/v2", "does not have before /v1/models"],
    ["openai", "https://gw.example/v1?key=1", "query"],
    ["openai", "https://gw.example/v1#models", "fragment"],
    ["openai", "gw.example/v1", "starts with"],
  ])("%s: %s", (provider, url, problem) => {
    const name = `${provider.toUpperCase()}_API_BASE_URL`;
    let error: unknown;
    try {
      read(provider, url);
    } catch (reason) {
      error = reason;
    }
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).faults).toMatchObject([{ name, problem: expect.stringContaining(problem) }]);
    expect(read(provider, (error as ConfigError).faults[0]!.example)).toMatch(/^https:/);
  });
});
