import { AccessIssuer } from "../access/access-issuer.ts";
import { AccessRecord } from "../access/access-record.ts";
import { ProviderContexts } from "../access/provider-contexts.ts";
import { ProviderSelector } from "../access/provider-selector.ts";
import { ServerKeys } from "../access/server-keys.ts";
import { SessionAccess } from "../access/session-access.ts";
import { UsageRecorder } from "../access/usage-recorder.ts";
import { AuditReader } from "../audit/audit-reader.ts";
import { AuditTrail } from "../audit/audit-trail.ts";
import { ServiceAccesses } from "../audit/service-accesses.ts";
import { StepUp } from "../callers/step-up.ts";
import { TokenExpiries } from "../callers/token-expiries.ts";
import type { Config } from "../config/config.ts";
import { CredentialChecker } from "../connect/credential-checker.ts";
import { CredentialConnector } from "../connect/credential-connector.ts";
import { CredentialIntake } from "../connect/credential-intake.ts";
import { CredentialRevoker } from "../connect/credential-revoker.ts";
import { DevicePoller } from "../connect/oauth/device-poller.ts";
import { FlowRedirects } from "../connect/oauth/flow-redirects.ts";
import { OAuthFlowStore } from "../connect/oauth/flow-store.ts";
import { OAuthFlows } from "../connect/oauth/flows.ts";
import { SessionActivation } from "../connect/session-activation.ts";
import { Coordinator } from "../coordinator.ts";
import { AccessReader } from "../credentials/access-reader.ts";
import type { Services } from "../graphql/context.ts";
import { AttemptLimits } from "../rate-limits/attempt-limits.ts";
import { RefreshRequests } from "../refresh/on-demand.ts";
import { startRefreshing } from "../refresh/refreshing.ts";
import { ActivityRecorder } from "../sessions/activity-recorder.ts";
import { SessionManager } from "../sessions/session-manager.ts";
import { SessionStore } from "../sessions/session-store.ts";
import { SessionSweeper } from "../sessions/session-sweeper.ts";
import { SessionTimeout } from "../sessions/session-timeout.ts";
import type { AppBase } from "./overrides.ts";
import type { ProviderParts } from "./provider-parts.ts";
import type { Storage } from "./storage.ts";

/** Everything that is done with credentials, sessions and flows, as resolvers and the callback page call it. */
export async function createDomain(
  config: Config,
  storage: Storage,
  { registry, redirectUris }: ProviderParts,
  base: AppBase,
): Promise<Services> {
  const { stack, overrides, log, metrics, background } = base;
  const { database, keyring, store, clock, stream, watch, statusRule, quotas } = storage;
  const usage = stack.use(new UsageRecorder(database, log));
  const audit = new AuditTrail(database, clock, log);
  const attempts = new AttemptLimits({ ...storage, audit });
  const accesses = stack.use(new ServiceAccesses(database, clock, log));
  const accessRecord = new AccessRecord({ registry, accesses, metrics });
  // A command acts for the operator, who has no login here.
  const stepUp = new StepUp(background ? config.stepUp : null, clock);
  const connector = new CredentialConnector({ ...storage, audit, stepUp });
  const parts = { ...storage, ...base, registry, audit, attempts, connector, stepUp };

  const timeout = new SessionTimeout(config.sessionTimeout);
  const sessions = new SessionManager({ ...parts, store: new SessionStore(timeout, clock, quotas) });
  const activity = stack.use(new ActivityRecorder(database, timeout, log));
  if (background) stack.use(new SessionSweeper({ ...parts, intervalMs: overrides.sweepIntervalMs ?? 1_000 }));
  const activation = new SessionActivation(sessions);

  const { dataDir, publicUrl } = config;
  const { refresher } = stack.use(await startRefreshing({ ...parts, dataDir }, overrides.refresh));
  const refreshes = new RefreshRequests({ ...parts, refresher });
  const checker = new CredentialChecker({ ...parts, refresher });
  const serverKeys = new ServerKeys(config.revealServerKeys);
  const selector = new ProviderSelector({ ...parts, sessions, refresher, serverKeys });
  const access = new SessionAccess({ database, activity, clock });
  const issuer = new AccessIssuer({
    ...parts,
    checker,
    reader: new AccessReader(database),
    refresher,
    usage,
    access,
    serverKeys,
  });

  const flowStore = new OAuthFlowStore(database, keyring, clock, quotas);
  const redirects = new FlowRedirects(redirectUris, publicUrl);
  const flows = new OAuthFlows({ ...parts, flows: flowStore, activation, redirects });
  if (background) stack.use(new DevicePoller({ registry, store: flowStore, flows, log }));

  return {
    coordinator: new Coordinator({
      ...parts,
      store,
      intake: new CredentialIntake({ ...parts, activation }),
      revoker: new CredentialRevoker({ ...parts, sessions }),
      checker,
      issuer,
      accessRecord,
      refreshes,
      sessions,
      selector,
    }),
    flows,
    sessions,
    contexts: new ProviderContexts({ ...parts, sessions, serverKeys }),
    selector,
    flowStore,
    attempts,
    stepUp,
    registry,
    stream,
    watch,
    expiries: stack.use(new TokenExpiries(clock)),
    statusRule,
    audit: new AuditReader(database),
    accesses,
    metrics,
    clock,
  };
}
