# lossbound-server: a store that speaks Redis 7.0, started as the redis image is: directives behind the command.
#
#   docker build --file docker/server.Dockerfile --tag lossbound-server .
#   docker run --rm --publish 6379:6379 --volume data:/data lossbound-server lossbound-server --appendonly yes
#
# It needs no packages, listens on every address of its container, and runs as user 1000, whose is /data.
ARG BASE=node:20-bookworm-slim
ARG BUILD_BASE=${BASE}

FROM ${BUILD_BASE} AS build
WORKDIR /build
COPY . .
RUN test -f dist/.built || (npm ci --no-audit --no-fund && npm run build)

FROM ${BASE}
ENV NODE_ENV=production
WORKDIR /opt/lossbound
COPY --from=build /build/package.json /build/LICENSE ./
COPY --from=build /build/dist/server ./dist/server
RUN mkdir -p /data && chown 1000:1000 /data && ln -s /opt/lossbound/dist/server/main.js /usr/local/bin/lossbound-server \
  && chmod +x /opt/lossbound/dist/server/main.js
WORKDIR /data
VOLUME /data
USER 1000:1000
EXPOSE 6379
CMD ["lossbound-server", "--bind", "0.0.0.0"]
