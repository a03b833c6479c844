# The image of a release: only the programs of its archives, for each architecture.
#
#   ./scripts/release.sh image NAME --load
FROM scratch
ARG TARGETARCH
COPY ${TARGETARCH}/ /
ENTRYPOINT ["/trust-init"]
