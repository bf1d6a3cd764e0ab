import { Command } from "commander";
import { loadConfig } from "../../config/config.ts";
import { systemClock } from "../../lib/clock.ts";
import { HttpClient } from "../../providers/http-client.ts";
import type { ProviderAuth, ProviderMethod } from "../../providers/provider-auth.ts";
import { createRegistry, loadCatalog } from "../../providers/registry.ts";
import { jsonOption, Output, type OutputOptions } from "../terminal/output.ts";
import { table } from "../terminal/table.ts";

function row(provider: ProviderAuth, { method, available, flows, policy, unavailableReason }: ProviderMethod) {
  return [
    provider.name,
    method,
    flows.join(" ") || null,
    available ? "yes" : "no",
    policy,
    unavailableReason ?? "ready to use",
  ];
}

/** Of a provider's methods what its users meet, and whether the server has a key of its own. */
function toJson(provider: ProviderAuth) {
  const { name, displayName, documentationUrl } = provider;
  const hasServerKey = provider.environmentCredentials() !== null;
  return { name, displayName, documentationUrl, hasServerKey, methods: provider.getAvailableMethods() };
}

async function list(options: OutputOptions): Promise<void> {
  const catalog = await loadCatalog();
  await using http = new HttpClient();
  const registry = createRegistry(catalog, loadConfig(catalog).providers, { http, clock: systemClock });
  const providers = registry.list();
  const rows = providers.flatMap((provider) => provider.getAvailableMethods().map((method) => row(provider, method)));
  new Output(options).result(
    { providers: providers.map(toJson) },
    table(["PROVIDER", "METHOD", "FLOWS", "AVAILABLE", "POLICY", "WHY"], rows),
  );
}

/** `maestro-auth providers` */
export function providersCommand(): Command {
  return new Command("providers")
    .summary("list the providers, and which of their methods are configured")
    .description("List the providers: their methods, whether each is configured, and if not, why.")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
AVAILABLE  whether users can connect by the method on this server
POLICY     what the provider's own terms say of it: supported, operator_only or prohibited; --json has the note and
           the address of the terms

Environment: <P>_API_KEY, <P>_OAUTH_CLIENT_ID, <P>_OAUTH_CLIENT_SECRET and the others of each provider.

Example:
  maestro-auth providers --json | jq '.providers[] | {name, methods: [.methods[] | select(.available) | .method]}'`,
    )
    .action(list);
}
