# One node of the reference broker, to be run by hand:
#
#     docker build -t ackworth-broker .
#     docker run --rm -p 127.0.0.1:7070:7070 -p 127.0.0.1:7071:7071 -v ackworth-data:/data ackworth-broker
#
# Three of them: compose.yaml. Runs of the harness (`ackworth run --cluster docker`) make an image of
# their own and need none of this.
ARG NODE_IMAGE=node:22-slim
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY . .
RUN npm ci --no-audit --no-fund && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/bin bin
COPY --from=build /app/dist dist
COPY --from=build /app/node_modules node_modules
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 7070 7071
HEALTHCHECK --interval=5s --timeout=2s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:7071/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/ackworth.js", "broker", "--data", "/data", "--gateway", "0.0.0.0:7071"]
CMD ["--listen", "0.0.0.0:7070"]
