# Build: compiles the TypeScript, and argon2 for processors from about 2015 on (x86-64-v3), which hashes about twice as fast as its prebuilt binary.
FROM node:24-bookworm-slim AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# The compiler stays in this stage; its version is the distribution's.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install --yes --no-install-recommends g++ make python3 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json && node .ci/copy-assets.js
# Another -march for argon2, for example `native` when the image runs where it is built.
ARG ARGON2_MARCH=
RUN npm ci --omit=dev --ignore-scripts \
  && if [ "$(uname -m)" = x86_64 ]; then default=x86-64-v3; else default=armv8-a; fi \
  && ARGON2_MARCH="${ARGON2_MARCH:-$default}" npm_config_nodedir=/usr/local node .ci/argon2-native.js \
  && node --eval "require('argon2').hash('a password')"

# Run: no compiler, no source, not root. Writes to /data (and to /tmp, if there is one) only.
FROM node:24-bookworm-slim
ENV NODE_ENV=production \
  SIGNET_CONFIG=/app/dist/config/default.yaml \
  SIGNET_HOST=0.0.0.0 \
  SIGNET_DATA=/data
WORKDIR /app
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY bin ./bin
COPY package.json LICENSE ./
RUN install --directory --owner=node --group=node --mode=0700 /data
# node
USER 1000:1000
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.SIGNET_PORT || 3000}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/signet.js"]
CMD ["start"]
