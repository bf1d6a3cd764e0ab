/**
 * @generated SignedSource<<9e28ab187fd89e099b512421d3aefe23>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
export type CredentialStatus = "ACTIVE" | "EXPIRED" | "EXPIRING" | "NEEDS_REAUTH" | "UNREADABLE" | "%future added value";
export type relayStateQuery$variables = Record<PropertyKey, never>;
export type relayStateQuery$data = {
  readonly viewer: {
    readonly credentials: {
      readonly nodes: ReadonlyArray<{
        readonly id: string;
        readonly label: string;
        readonly status: CredentialStatus;
      }>;
    };
    readonly eventCursor: string;
    readonly id: string;
  };
};
export type relayStateQuery = {
  response: relayStateQuery$data;
  variables: relayStateQuery$variables;
};

const node: ConcreteRequest = (function(){
var v0 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "id",
  "storageKey": null
},
v1 = [
  {
    "alias": null,
    "args": null,
    "concreteType": "User",
    "kind": "LinkedField",
    "name": "viewer",
    "plural": false,
    "selections": [
      (v0/*:: as any*/),
      {
        "alias": null,
        "args": null,
        "kind": "ScalarField",
        "name": "eventCursor",
        "storageKey": null
      },
      {
        "alias": null,
        "args": [
          {
            "kind": "Literal",
            "name": "first",
            "value": 20
          }
        ],
        "concreteType": "CredentialConnection",
        "kind": "LinkedField",
        "name": "credentials",
        "plural": false,
        "selections": [
          {
            "alias": null,
            "args": null,
            "concreteType": "Credential",
            "kind": "LinkedField",
            "name": "nodes",
            "plural": true,
            "selections": [
              (v0/*:: as any*/),
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
                "kind": "ScalarField",
                "name": "status",
                "storageKey": null
              }
            ],
            "storageKey": null
          }
        ],
        "storageKey": "credentials(first:20)"
      }
    ],
    "storageKey": null
  }
];
return {
  "fragment": {
    "argumentDefinitions": [],
    "kind": "Fragment",
    "metadata": null,
    "name": "relayStateQuery",
    "selections": (v1/*:: as any*/),
    "type": "Query",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": [],
    "kind": "Operation",
    "name": "relayStateQuery",
    "selections": (v1/*:: as any*/)
  },
  "params": {
    "cacheID": "1a03e2da991267a2242ca70b667db97c",
    "id": null,
    "metadata": {},
    "name": "relayStateQuery",
    "operationKind": "query",
    "text": "query relayStateQuery {\n  viewer {\n    id\n    eventCursor\n    credentials(first: 20) {\n      nodes {\n        id\n        label\n        status\n      }\n    }\n  }\n}\n"
  }
};
})();

(node as any).hash = "2dc9bb7ce060984105e084e8695b989a";

export default node;
