# The image of a release: the programs that are in its archives, and nothing else, for each architecture.
#
#   ./scripts/release.sh image NAME --load
FROM scratch
ARG TARGETARCH
COPY ${TARGETARCH}/ /
ENTRYPOINT ["/trust-init"]
