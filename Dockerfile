# An image with the program, its licence and nothing else: no shell, no libraries, no user database.
#
# The build stage is pinned by tag. For a build that is the same for ever pin it by digest, which `docker buildx
# imagetools inspect golang:1.26` prints; none stands here because a digest that nobody updates is worse than a tag
# that gets security fixes. Of that stage only the program is kept.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
# With .git, so that a checkout of a tag gets its version.
COPY . .
ARG TARGETOS
ARG TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags="-s -w" -o /witnessmark ./cmd/witnessmark

FROM scratch
LABEL org.opencontainers.image.title="witnessmark" \
      org.opencontainers.image.description="Offline forensics for captured Go profiles and traces" \
      org.opencontainers.image.source="https://github.com/witnessmark/witnessmark" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /witnessmark /witnessmark
COPY LICENSE /LICENSE
# Numeric, as there is no /etc/passwd, and so that runAsNonRoot of Kubernetes can tell.
USER 65532:65532
ENTRYPOINT ["/witnessmark"]
