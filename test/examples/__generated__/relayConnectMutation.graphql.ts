/**
 * @generated SignedSource<<bd256ad94d961c7c7ebebb274a1258ec>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
export type CredentialStatus = "ACTIVE" | "EXPIRED" | "EXPIRING" | "NEEDS_REAUTH" | "UNREADABLE" | "%future added value";
export type ErrorCode = "CREDENTIAL_NOT_FOUND" | "INVALID_CREDENTIAL" | "KEY_UNAVAILABLE" | "METHOD_UNAVAILABLE" | "OAUTH_DENIED" | "OAUTH_STATE_INVALID" | "PROVIDER_NOT_FOUND" | "PROVIDER_UNAVAILABLE" | "RATE_LIMITED" | "REAUTHENTICATION_REQUIRED" | "REDIRECT_URI_NOT_ALLOWED" | "SESSION_EXPIRED" | "SESSION_NOT_FOUND" | "VALIDATION_FAILED" | "%future added value";
export type AuthenticateInput = {
  credential: CredentialInput;
  label?: string | null | undefined;
  provider: string;
  sessionId?: string | null | undefined;
};
export type CredentialInput = {
  apiKey: string;
  oauthCode?: never;
} | {
  apiKey?: never;
  oauthCode: OAuthCodeInput;
};
export type OAuthCodeInput = {
  code: string;
  issuer?: string | null | undefined;
  state: string;
};
export type relayConnectMutation$variables = {
  input: AuthenticateInput;
};
export type relayConnectMutation$data = {
  readonly authenticate: {
    readonly __typename: string;
    readonly code?: ErrorCode;
    readonly credential?: {
      readonly id: string;
      readonly label: string;
      readonly status: CredentialStatus;
    };
    readonly message?: string;
  };
};
export type relayConnectMutation = {
  response: relayConnectMutation$data;
  variables: relayConnectMutation$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "input"
  }
],
v1 = [
  {
    "alias": null,
    "args": [
      {
        "kind": "Variable",
        "name": "input",
        "variableName": "input"
      }
    ],
    "concreteType": null,
    "kind": "LinkedField",
    "name": "authenticate",
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
        "kind": "InlineFragment",
        "selections": [
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
        "type": "AuthenticatePayload",
        "abstractKey": null
      },
      {
        "kind": "InlineFragment",
        "selections": [
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "code",
            "storageKey": null
          },
          {
            "alias": null,
            "args": null,
            "kind": "ScalarField",
            "name": "message",
            "storageKey": null
          }
        ],
        "type": "Error",
        "abstractKey": "__isError"
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
    "name": "relayConnectMutation",
    "selections": (v1/*:: as any*/),
    "type": "Mutation",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "relayConnectMutation",
    "selections": (v1/*:: as any*/)
  },
  "params": {
    "cacheID": "7eb1fdd03730c6bf73575e3bdc9802f1",
    "id": null,
    "metadata": {},
    "name": "relayConnectMutation",
    "operationKind": "mutation",
    "text": "mutation relayConnectMutation(\n  $input: AuthenticateInput!\n) {\n  authenticate(input: $input) {\n    __typename\n    ... on AuthenticatePayload {\n      credential {\n        id\n        label\n        status\n      }\n    }\n    ... on Error {\n      __isError: __typename\n      code\n      message\n    }\n  }\n}\n"
  }
};
})();

(node as any).hash = "d8dcc92822434c7ba013866d07cee3dd";

export default node;
