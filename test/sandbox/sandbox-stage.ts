import type { InitiateOAuthInput } from "../client/gql/graphql.ts";
import {
  authenticateMutation,
  completeOAuthMutation,
  initiateOAuthMutation,
  validateCredentialMutation,
} from "../client/operations.ts";
import { startTestApp } from "../support/test-app.ts";
import { Visitor } from "./visitor.ts";

const publicUrl = "https://auth.example.test";

/** A server with the sandbox, and somebody who uses it. */
export async function startSandboxStage() {
  const server = await startTestApp({ environment: { SANDBOX: "true", PUBLIC_URL: publicUrl } });
  const client = await server.client("alice");
  const sandboxUrl = server.app.sandboxUrl!;
  const visitor = new Visitor(publicUrl);
  const initiate = async (input: Partial<InitiateOAuthInput> = {}) => {
    const { initiateOAuth } = await client.execute(initiateOAuthMutation, { input: { provider: "sandbox", ...input } });
    if (initiateOAuth.__typename !== "InitiateOAuthPayload") throw new Error(initiateOAuth.message);
    return initiateOAuth.flow;
  };
  const complete = async (callback: URL) =>
    (await client.execute(completeOAuthMutation, { input: { pasted: callback.href } })).completeOAuth;
  return {
    client,
    sandboxUrl,
    visitor,
    initiate,
    complete,
    /** A flow up to the page that asks. */
    openConsent: async () => visitor.open((await initiate()).authorizationUrl!),
    /** @returns the id of the credential. */
    async connect(): Promise<string> {
      const page = await visitor.open((await initiate()).authorizationUrl!);
      const completed = await complete((await visitor.submit(page, { decision: "allow" })).url);
      if (completed.__typename !== "CompleteOAuthPayload") throw new Error(completed.message);
      return completed.credential.id;
    },
    /** On the control page. */
    turn: async (action: string) => visitor.submit(await visitor.open(sandboxUrl), { action }),
    async connectKey(apiKey: string): Promise<string> {
      const input = { provider: "sandbox", credential: { apiKey } };
      const { authenticate } = await client.execute(authenticateMutation, { input });
      return authenticate.__typename === "AuthenticatePayload"
        ? authenticate.credential.status
        : authenticate.__typename;
    },
    async validate(id: string): Promise<string> {
      const { validateCredential } = await client.execute(validateCredentialMutation, { input: { credentialId: id } });
      return validateCredential.__typename === "ValidateCredentialPayload" ? "valid" : validateCredential.code;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
