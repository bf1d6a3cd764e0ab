import type { CodegenConfig } from "@graphql-codegen/cli";

/** Types for the operations that the tests and examples send. */
export default {
  schema: "schema.graphql",
  documents: ["test/**/*.ts", "!test/client/gql/**"],
  generates: {
    "test/client/gql/": {
      preset: "client",
      presetConfig: { fragmentMasking: false, persistedDocuments: true },
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        importExtension: ".ts",
        scalars: { DateTime: "string" },
        strictScalars: true,
        documentMode: "string",
      },
    },
  },
} satisfies CodegenConfig;
