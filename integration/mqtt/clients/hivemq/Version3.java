import com.google.gson.JsonObject;
import com.hivemq.client.mqtt.MqttClient;
import com.hivemq.client.mqtt.MqttGlobalPublishFilter;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import com.hivemq.client.mqtt.mqtt3.Mqtt3AsyncClient;
import com.hivemq.client.mqtt.mqtt3.message.connect.Mqtt3Connect;
import com.hivemq.client.mqtt.mqtt3.message.publish.Mqtt3Publish;
import com.hivemq.client.mqtt.mqtt3.message.subscribe.Mqtt3Subscribe;
import com.hivemq.client.mqtt.mqtt3.message.subscribe.Mqtt3Subscription;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A connection with MQTT 3.1.1. */
class Version3 implements Driver.Connection {
    private final Mqtt3AsyncClient client;

    Version3(String name, JsonObject r) {
        var b = MqttClient.builder().useMqttVersion3()
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
        client.publishes(MqttGlobalPublishFilter.ALL, p -> Driver.received(name,
                Driver.message(p.getTopic().toString(), p.getPayloadAsBytes(), p.getQos().getCode(), p.isRetain())));
    }

    public CompletableFuture<?> connect(JsonObject r) {
        var b = Mqtt3Connect.builder().cleanSession(Driver.flag(r, "clean")).keepAlive(30);
        if (r.has("will")) {
            var w = r.getAsJsonObject("will");
            b = b.willPublish(message(w, Driver.bytes(w, "payload")));
        }
        return client.connect(b.build());
    }

    public CompletableFuture<?> subscribe(JsonObject r) {
        var all = new ArrayList<Mqtt3Subscription>();
        for (var one : r.getAsJsonArray("filters")) {
            var f = one.getAsJsonObject();
            all.add(Mqtt3Subscription.builder().topicFilter(Driver.text(f, "filter"))
                    .qos(MqttQos.fromCode(Driver.number(f, "qos"))).build());
        }
        return client.subscribe(Mqtt3Subscribe.builder().addSubscriptions(all).build());
    }

    public CompletableFuture<?> publish(JsonObject m, byte[] payload) {
        return client.publish(message(m, payload));
    }

    public CompletableFuture<?> disconnect(JsonObject r) {
        return client.disconnect();
    }

    private static Mqtt3Publish message(JsonObject m, byte[] payload) {
        return Mqtt3Publish.builder().topic(Driver.text(m, "topic")).payload(payload)
                .qos(MqttQos.fromCode(Driver.number(m, "qos"))).retain(Driver.flag(m, "retain")).build();
    }
}
