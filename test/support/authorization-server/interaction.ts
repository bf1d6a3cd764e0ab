import type { IncomingMessage, ServerResponse } from "node:http";
import type { Provider } from "oidc-provider";

/** What the user does at the provider. */
export type Decision = "approve" | "deny";

/** Logs the user in and answers the question for consent, without asking anybody. */
export async function decide(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  { decision, user }: { readonly decision: Decision; readonly user: string },
): Promise<void> {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (prompt.name === "login") {
    return provider.interactionFinished(request, response, { login: { accountId: user } });
  }
  if (decision === "deny") {
    return provider.interactionFinished(request, response, { error: "access_denied" });
  }
  const clientId = String(params["client_id"]);
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant = known ?? new provider.Grant({ accountId: session?.accountId ?? user, clientId });
  const scope = typeof params["scope"] === "string" ? params["scope"] : "openid";
  grant.addOIDCScope(scope);
  if (typeof params["resource"] === "string") grant.addResourceScope(params["resource"], scope);
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}
