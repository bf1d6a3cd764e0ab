import { builder } from "../builder.ts";

export const CredentialSourceEnum = builder.enumType("CredentialSource", {
  description: "Where a grant's credential comes from.",
  values: {
    STORED: { value: "stored", description: "A credential that the user stored." },
    ENVIRONMENT: {
      value: "environment",
      description: "The server's own key from its environment, used last.",
    },
  } as const,
});
