import { builder } from "../builder.ts";

export const AuthMethodEnum = builder.enumType("AuthMethod", {
  description: "How a user authenticates to a provider.",
  values: {
    API_KEY: { value: "api_key", description: "A key that the user created at the provider." },
    OAUTH: { value: "oauth", description: "The user's consent at the provider (OAuth 2)." },
  } as const,
});
