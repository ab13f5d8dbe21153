# An image of the server alone: `docker build --tag postoffice:0.1.0 .`, also with Podman or Buildah.

FROM swift:6.3-bookworm AS build
# Newer ones repair what older ones have wrong: no version is pinned.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libcurl4-openssl-dev libpq-dev libsqlite3-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# The caches stay with the builder, so that only what has changed is built again. Debug information would be more than
# half of the program.
RUN --mount=type=cache,target=/root/.cache \
    --mount=type=cache,target=/source/.build,sharing=locked \
    swift build --configuration release --product postoffice --static-swift-stdlib -Xlinker --strip-debug \
    && install -D "$(swift build --configuration release --show-bin-path)/postoffice" /installed/postoffice

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libcurl4 libpq5 libsqlite3-0 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 postoffice \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/postoffice --no-create-home --shell /usr/sbin/nologin \
        postoffice \
    && install --directory --owner=postoffice --group=postoffice --mode=0750 /var/lib/postoffice
COPY --from=build /installed/postoffice /usr/local/bin/postoffice

# By number, so that Kubernetes can tell that it is not root.
USER 10001:10001
# Without another database, `postoffice.sqlite` is kept here.
WORKDIR /var/lib/postoffice
VOLUME /var/lib/postoffice

# All addresses of the container; who reaches them from outside is decided where a port is published. The API asks for
# no token, so the start warns of it.
ENV HOST=0.0.0.0 PORT=4000
EXPOSE 4000

# It ends within 30 seconds: give it that much, with `--stop-timeout 40` or `stop_grace_period`. Docker's own 10 are few.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 CMD ["postoffice", "check"]
ENTRYPOINT ["postoffice"]
CMD ["serve"]

ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="Postoffice" \
    org.opencontainers.image.description="A durable message buffer: topics, publishers, staged delivery" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
