# The server with production dependencies only: not root, a root file system that can be read-only, one volume.
#   docker build -t maestro-auth .
#   docker run -p 4000:4000 -v maestro-data:/var/lib/maestro-auth --env-file maestro.env maestro-auth
# compose.yaml beside this file starts it with PostgreSQL and generated secrets.
ARG NODE_IMAGE=docker.io/library/node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json schema.graphql ./
COPY migrations migrations
COPY src src
RUN npm run build \
  && npm sbom --package-lock-only --omit=dev --sbom-format cyclonedx --sbom-type application > sbom.cdx.json

# The image brings its own Node, so the one among the optional dependencies is left out.
FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev --omit=optional --no-audit --no-fund

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Maestro Auth" \
  org.opencontainers.image.description="A GraphQL API between an app's users and their LLM providers" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production \
  DATA_DIR=/var/lib/maestro-auth
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/package.json /app/schema.graphql /app/sbom.cdx.json ./
COPY LICENSE CHANGELOG.md ./
RUN install -d -m 0700 -o node -g node /var/lib/maestro-auth \
  && chmod 0755 dist/src/bin.js \
  && ln -s /app/dist/src/bin.js /usr/local/bin/maestro-auth
USER node
VOLUME /var/lib/maestro-auth
EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["node", "/app/dist/src/bin.js", "health"]
# No shell in between: the server is the process that gets the signals.
ENTRYPOINT ["node", "/app/dist/src/bin.js"]
CMD ["serve"]
