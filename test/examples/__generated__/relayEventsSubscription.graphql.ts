/**
 * @generated SignedSource<<a71769891fc45f9747995d8635c160e5>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
export type CredentialStatus = "ACTIVE" | "EXPIRED" | "EXPIRING" | "NEEDS_REAUTH" | "UNREADABLE" | "%future added value";
export type relayEventsSubscription$variables = {
  after?: string | null | undefined;
};
export type relayEventsSubscription$data = {
  readonly credentialEvents: {
    readonly __typename: string;
    readonly credential: {
      readonly id: string;
      readonly status: CredentialStatus;
    } | null | undefined;
    readonly cursor: string;
    readonly label: string;
  };
};
export type relayEventsSubscription = {
  response: relayEventsSubscription$data;
  variables: relayEventsSubscription$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "after"
  }
],
v1 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Variable",
        "name": "after",
        "variableName": "after"
      }
    ],
    "concreteType": null,
    "kind": "LinkedField",
    "name": "credentialEvents",
    "plural": false,
    "selections": [
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "__typename",
        "storageKey": null
      },
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "cursor",
        "storageKey": null
      },
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "label",
        "storageKey": null
      },
      {
        "alias": null,
        "args": null,
        "concreteType": "Credential",
        "kind": "LinkedField",
        "name": "credential",
        "plural": false,
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "id",
            "storageKey": null
          },
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "status",
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ],
    "storageKey": null
  }
];
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "relayEventsSubscription",
    "selections": (v1/*:: as any*/),
    "type": "Subscription",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "relayEventsSubscription",
    "selections": (v1/*:: as any*/)
  },
  "params": {
    "cacheID": "fbc716b9f695ed895d38c50a9e491030",
    "id": null,
    "metadata": {},
    "name": "relayEventsSubscription",
    "operationKind": "subscription",
    "text": "subscription relayEventsSubscription(\n  $after: String\n) {\n  credentialEvents(after: $after) {\n    __typename\n    cursor\n    label\n    credential {\n      id\n      status\n    }\n  }\n}\n"
  }
};
})();

(node as any).hash = "b4b1c8b58838b6aabd3b12efb9e4da9d";

export default node;
