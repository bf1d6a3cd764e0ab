/**
 * For each operation of the schema the places whose text is stored or shown by design, such as a label. Whatever stands
 * anywhere else may be a secret that somebody has pasted there, and must come out nowhere. An operation that is added
 * needs a line here.
 */
export const shownPlaces: Readonly<Record<string, readonly string[]>> = {
  "Query.node": [],
  "Query.nodes": [],
  "Query.provider": [],
  "Query.providers": [],
  "Query.user": ["id"],
  "Query.viewer": [],
  "User.auditLog": [],
  "User.credential": [],
  "User.credentials": [],
  "User.session": [],
  "User.sessions": [],
  "Session.provider": [],
  "Mutation.authenticate": ["input.label"],
  "Mutation.clearProvider": [],
  "Mutation.completeOAuth": [],
  "Mutation.endOtherSessions": [],
  "Mutation.endSession": [],
  "Mutation.importCredential": ["input.label", "input.scopes"],
  "Mutation.initiateOAuth": ["input.label", "input.scopes"],
  "Mutation.issueAccess": [],
  "Mutation.refreshCredential": [],
  "Mutation.refreshCredentials": [],
  "Mutation.revokeCredential": [],
  "Mutation.setActiveProvider": ["input.model"],
  "Mutation.startSession": ["input.label"],
  "Mutation.touchSession": [],
  "Mutation.validateCredential": [],
  "Subscription.credentialEvents": [],
  "Subscription.events": [],
  "Subscription.oauthFlow": [],
  "Subscription.sessionEvents": [],
};
