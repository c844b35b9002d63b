# A static binary and nothing else: no shell, no libraries, no root.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -o /out/slipway ./cmd/slipway
RUN mkdir /out/data

FROM scratch
COPY --from=build /out/slipway /slipway
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV SLIPWAY_DATA_DIR=/data
VOLUME /data
# MQTT, AMQP, STOMP, WebSocket, SQS and SNS, admin
EXPOSE 1883 5672 61613 61618 4566 8161
# The same configuration as the broker's, from the same environment.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/slipway", "healthcheck"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/slipway"]
CMD ["serve"]
