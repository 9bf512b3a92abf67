# syntax=docker/dockerfile:1
# One file, four images: docker build --target producer|worker|dashboard|lancedb-server .
# The first three differ in their entry point only, so a host keeps one copy of what they share.

FROM node:24-bookworm-slim AS base
WORKDIR /app

# Only what decides on the dependencies: changes of source code leave the installs below cached.
FROM base AS manifests
ENV CI=true
RUN npm install --global pnpm@12.21.0
COPY package.json pnpm-workspace.yaml pnpm-lock.yaml ./
COPY packages/base/package.json packages/base/
COPY packages/lancedb/package.json packages/lancedb/
COPY packages/delta/package.json packages/delta/
COPY packages/core/package.json packages/core/
COPY packages/verify/package.json packages/verify/
COPY packages/fleet/package.json packages/fleet/
COPY packages/producer/package.json packages/producer/
COPY packages/worker/package.json packages/worker/
COPY packages/dashboard/package.json packages/dashboard/
COPY packages/lancedb-server/package.json packages/lancedb-server/

FROM manifests AS build
# Without scripts: the image has its Node, the npm package `node` need not fetch another.
RUN --mount=type=cache,id=pnpm,target=/pnpm-store \
    pnpm install --store-dir /pnpm-store --frozen-lockfile --ignore-scripts
COPY tsconfig.base.json ./
COPY packages packages
RUN node_modules/.bin/tsc -b packages/producer packages/worker packages/dashboard packages/dashboard/client packages/lancedb-server
COPY scripts/bundle.mjs scripts/
RUN node scripts/bundle.mjs
RUN cd packages/dashboard && node_modules/.bin/vite build

FROM manifests AS fleet-dependencies
RUN --mount=type=cache,id=pnpm,target=/pnpm-store \
    pnpm install --store-dir /pnpm-store --frozen-lockfile --ignore-scripts --prod \
    --filter @lance-offload/producer... --filter @lance-offload/worker... --filter @lance-offload/dashboard...

FROM manifests AS lancedb-server-dependencies
RUN --mount=type=cache,id=pnpm,target=/pnpm-store \
    pnpm install --store-dir /pnpm-store --frozen-lockfile --ignore-scripts --prod \
    --filter @lance-offload/lancedb-server...

FROM base AS fleet
ENV NODE_ENV=production LANCE_OFFLOAD_CONFIG=/etc/lance-offload/offload.yaml
# A new volume mounted here takes over the owner.
RUN install --directory --owner=node --group=node /lake
COPY --from=fleet-dependencies /app ./
# The dashboard runs what is compiled; producer and worker run their bundles, which hold it already.
COPY --from=build /app/packages/base/dist packages/base/dist
COPY --from=build /app/packages/lancedb/dist packages/lancedb/dist
COPY --from=build /app/packages/delta/dist packages/delta/dist
COPY --from=build /app/packages/core/dist packages/core/dist
COPY --from=build /app/packages/fleet/dist packages/fleet/dist
COPY --from=build /app/packages/producer/bin packages/producer/bin
COPY --from=build /app/packages/producer/bundle packages/producer/bundle
COPY --from=build /app/packages/worker/bin packages/worker/bin
COPY --from=build /app/packages/worker/bundle packages/worker/bundle
COPY --from=build /app/packages/dashboard/bin packages/dashboard/bin
COPY --from=build /app/packages/dashboard/dist packages/dashboard/dist
USER node

FROM fleet AS producer
ENTRYPOINT ["node", "/app/packages/producer/bin/lance-offload.mjs"]
CMD ["--help"]

FROM fleet AS worker
# Health checks, where --health-port 8080 is given.
EXPOSE 8080
ENTRYPOINT ["node", "/app/packages/worker/bin/lance-worker.mjs"]

FROM fleet AS dashboard
EXPOSE 3000
ENTRYPOINT ["node", "/app/packages/dashboard/bin/lance-dashboard.mjs"]

FROM base AS lancedb-server
ENV NODE_ENV=production
COPY --from=lancedb-server-dependencies /app ./
COPY --from=build /app/packages/lancedb-server/bin packages/lancedb-server/bin
COPY --from=build /app/packages/lancedb-server/dist packages/lancedb-server/dist
USER node
EXPOSE 8181
ENTRYPOINT ["node", "/app/packages/lancedb-server/bin/lancedb-server.mjs"]
CMD ["--uri", "/data", "--host", "0.0.0.0"]
