import type { Database } from "../../../db/database.ts";
import { clientCodes } from "../../../providers/oauth/refresh-refusal.ts";
import { type Finding, ok, warn } from "./check.ts";

const statement = {
  name: "refused_renewals",
  text: `select provider, refusal_code as code, count(*)::int as rows, count(distinct user_id)::int as users
    from provider_credentials where status = 'active' and (refusal_code is not null or refusals > 0)
    group by provider, refusal_code order by provider, rows desc, code`,
};

interface RefusedRenewals {
  readonly provider: string;
  readonly code: string | null;
  readonly rows: number;
  readonly users: number;
}

const count = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : "s"}`;

/** Whether providers refuse to renew sign-ins at the moment, and with which of their error codes. */
export async function checkRenewals(database: Database): Promise<Finding> {
  const found = await database.query<RefusedRenewals>(statement, []);
  if (found.length === 0) return ok("no provider refuses to refresh a sign-in");
  const parts = found.map(
    ({ provider, code, rows, users }) =>
      `${provider}: ${code ?? "no code"}, ${count(rows, "sign-in")} of ${count(users, "user")}`,
  );
  const isClients = found.some(({ code }) => code !== null && clientCodes.has(code));
  const client = "Check this provider's OAuth client: its variables here, and its registration there.";
  const others = "Look up the code in the provider's reference. If only one user is affected, it resolves itself.";
  return warn(`Providers refuse to refresh sign-ins: ${parts.join("; ")}.`, isClients ? client : others);
}
