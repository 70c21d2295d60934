# The control plane in one image. The bundled PostgreSQL refuses root, so everything runs as the user `parapet`.
# It listens on the container's own loopback; compose.yml puts a TLS proxy beside it in the same network namespace.
#   docker compose up -d && docker compose logs parapet        (the one-time link is in the log)
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY . .
RUN npm ci && npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
RUN useradd --system --uid 8700 --home-dir /var/lib/parapet --create-home parapet
WORKDIR /opt/parapet
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/packages ./packages
ENV NODE_ENV=production PARAPET_DATA_DIR=/var/lib/parapet/data
USER parapet
VOLUME /var/lib/parapet
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8700/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/opt/parapet/packages/cli/bin/parapet.js"]
CMD ["serve"]
