import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.hivemq.client.mqtt.MqttClient;
import com.hivemq.client.mqtt.MqttGlobalPublishFilter;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.mqtt5.Mqtt5AsyncClient;
import com.hivemq.client.mqtt.mqtt5.message.connect.Mqtt5Connect;
import com.hivemq.client.mqtt.mqtt5.message.disconnect.Mqtt5Disconnect;
import com.hivemq.client.mqtt.mqtt5.message.publish.Mqtt5PayloadFormatIndicator;
import com.hivemq.client.mqtt.mqtt5.message.publish.Mqtt5Publish;
import com.hivemq.client.mqtt.mqtt5.message.subscribe.Mqtt5RetainHandling;
import com.hivemq.client.mqtt.mqtt5.message.subscribe.Mqtt5Subscribe;
import com.hivemq.client.mqtt.mqtt5.message.subscribe.Mqtt5Subscription;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A connection with MQTT 5. */
class Version5 implements Driver.Connection {
    private final Mqtt5AsyncClient client;

    Version5(String name, JsonObject r) {
        var b = MqttClient.builder().useMqttVersion5()
                .serverHost(Driver.text(r, "host")).serverPort(Driver.number(r, "port"))
                .simpleAuth().username(Driver.text(r, "user"))
                .password(Driver.text(r, "password").getBytes(StandardCharsets.UTF_8)).applySimpleAuth();
        if (Driver.text(r, "id") != null) {
            b = b.identifier(Driver.text(r, "id"));
        }
        if (Driver.flag(r, "reconnect")) {
            b = b.automaticReconnect().initialDelay(50, TimeUnit.MILLISECONDS).maxDelay(50, TimeUnit.MILLISECONDS)
                    .applyAutomaticReconnect();
        }
        if (Driver.text(r, "ca") != null) {
            b = b.sslConfig().trustManagerFactory(Driver.trust(Driver.text(r, "ca"))).applySslConfig();
        }
        if (r.has("transport") && Driver.text(r, "transport").startsWith("ws")) {
            b = b.webSocketConfig().serverPath("mqtt").applyWebSocketConfig();
        }
        client = b.buildAsync();
        client.publishes(MqttGlobalPublishFilter.ALL, p -> Driver.received(name, message(p)));
    }

    public CompletableFuture<?> connect(JsonObject r) {
        var b = Mqtt5Connect.builder().cleanStart(Driver.flag(r, "clean")).keepAlive(30)
                .sessionExpiryInterval(Driver.number(r, "expiry"));
        if (r.has("receive")) {
            b = b.restrictions().receiveMaximum(Driver.number(r, "receive")).applyRestrictions();
        }
        if (r.has("will")) {
            var w = r.getAsJsonObject("will");
            var will = message(w, Driver.bytes(w, "payload")).asWill().extendAsWill();
            if (w.has("props")) {
                will = will.delayInterval(Driver.number(w.getAsJsonObject("props"), "delay"));
            }
            b = b.willPublish(will.build());
        }
        return client.connect(b.build());
    }

    public CompletableFuture<?> subscribe(JsonObject r) {
        var all = new ArrayList<Mqtt5Subscription>();
        for (var one : r.getAsJsonArray("filters")) {
            var f = one.getAsJsonObject();
            all.add(Mqtt5Subscription.builder().topicFilter(Driver.text(f, "filter"))
                    .qos(MqttQos.fromCode(Driver.number(f, "qos"))).noLocal(Driver.flag(f, "nolocal"))
                    .retainAsPublished(Driver.flag(f, "asis"))
                    .retainHandling(Mqtt5RetainHandling.fromCode(Driver.number(f, "handling"))).build());
        }
        return client.subscribe(Mqtt5Subscribe.builder().addSubscriptions(all).build());
    }

    public CompletableFuture<?> publish(JsonObject m, byte[] payload) {
        return client.publish(message(m, payload)).thenAccept(result -> {
            if (result.getError().isPresent()) {
                throw new IllegalStateException(result.getError().get());
            }
        });
    }

    public CompletableFuture<?> disconnect(JsonObject r) {
        var b = Mqtt5Disconnect.builder();
        if (r.has("expiry")) {
            b = b.sessionExpiryInterval(Driver.number(r, "expiry"));
        }
        return client.disconnect(b.build());
    }

    private static Mqtt5Publish message(JsonObject m, byte[] payload) {
        var b = Mqtt5Publish.builder().topic(Driver.text(m, "topic")).payload(payload)
                .qos(MqttQos.fromCode(Driver.number(m, "qos"))).retain(Driver.flag(m, "retain"));
        if (!m.has("props")) {
            return b.build();
        }
        var p = m.getAsJsonObject("props");
        b = b.contentType(Driver.text(p, "type")).responseTopic(Driver.text(p, "response"))
                .correlationData(Driver.bytes(p, "correlation"));
        if (Driver.flag(p, "text")) {
            b = b.payloadFormatIndicator(Mqtt5PayloadFormatIndicator.UTF_8);
        }
        if (p.has("expiry")) {
            b = b.messageExpiryInterval(Driver.number(p, "expiry"));
        }
        for (var pair : Driver.array(p, "user")) {
            b = b.userProperties().add(pair.getAsJsonArray().get(0).getAsString(), pair.getAsJsonArray().get(1).getAsString())
                    .applyUserProperties();
        }
        return b.build();
    }

    private static JsonObject message(Mqtt5Publish m) {
        var to = Driver.message(m.getTopic().toString(), m.getPayloadAsBytes(), m.getQos().getCode(), m.isRetain());
        var p = new JsonObject();
        var user = new JsonArray();
        for (var u : m.getUserProperties().asList()) {
            var pair = new JsonArray();
            pair.add(u.getName().toString());
            pair.add(u.getValue().toString());
            user.add(pair);
        }
        p.add("user", user);
        m.getContentType().ifPresent(t -> p.addProperty("type", t.toString()));
        m.getResponseTopic().ifPresent(t -> p.addProperty("response", t.toString()));
        m.getCorrelationData().ifPresent(data -> {
            var copy = new byte[data.remaining()];
            data.get(copy);
            p.addProperty("correlation", Base64.getEncoder().encodeToString(copy));
        });
        p.addProperty("text", m.getPayloadFormatIndicator().filter(f -> f == Mqtt5PayloadFormatIndicator.UTF_8).isPresent());
        p.addProperty("expiry", m.getMessageExpiryInterval().orElse(0));
        to.add("props", p);
        return to;
    }
}
