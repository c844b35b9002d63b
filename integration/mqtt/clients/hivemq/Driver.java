import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.TrustManagerFactory;

/** Drives hivemq-mqtt-client by lines; integration/mqtt/line/doc.go has the protocol. */
public class Driver {
    /** What a request can be done with. */
    interface Connection {
        CompletableFuture<?> connect(JsonObject r);

        CompletableFuture<?> subscribe(JsonObject r);

        CompletableFuture<?> publish(JsonObject message, byte[] payload);

        CompletableFuture<?> disconnect(JsonObject r);
    }

    static final Map<String, Connection> connections = new ConcurrentHashMap<>();

    public static void main(String[] args) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String text; (text = in.readLine()) != null; ) {
            var r = JsonParser.parseString(text).getAsJsonObject();
            CompletableFuture<?> done;
            try {
                done = run(r);
            } catch (Exception e) {
                done = CompletableFuture.failedFuture(e);
            }
            done.whenComplete((result, e) -> {
                var answer = new JsonObject();
                answer.addProperty("n", r.get("n").getAsInt());
                if (e != null) {
                    answer.addProperty("error", e.toString());
                }
                write(answer);
            });
        }
        System.exit(0);
    }

    static CompletableFuture<?> run(JsonObject r) {
        var name = r.get("c").getAsString();
        var message = r.getAsJsonObject("message");
        switch (r.get("op").getAsString()) {
            case "connect":
                connections.put(name, number(r, "version") == 5 ? new Version5(name, r) : new Version3(name, r));
                return connections.get(name).connect(r);
            case "subscribe":
                return connections.get(name).subscribe(r);
            case "publish":
                return connections.get(name).publish(message, bytes(message, "payload"));
            case "burst":
                var all = new CompletableFuture<?>[number(r, "count")];
                for (int i = 0; i < all.length; i++) {
                    all[i] = connections.get(name).publish(message, Integer.toString(i).getBytes(StandardCharsets.UTF_8));
                }
                return CompletableFuture.allOf(all);
            case "disconnect":
                return connections.get(name).disconnect(r);
            default:
                throw new IllegalArgumentException("there is no such op");
        }
    }

    static synchronized void write(JsonObject line) {
        System.out.println(line);
        System.out.flush();
    }

    static void received(String name, JsonObject message) {
        var line = new JsonObject();
        line.addProperty("c", name);
        line.add("message", message);
        write(line);
    }

    static JsonObject message(String topic, byte[] payload, int qos, boolean retain) {
        var m = new JsonObject();
        m.addProperty("topic", topic);
        m.addProperty("payload", Base64.getEncoder().encodeToString(payload));
        m.addProperty("qos", qos);
        m.addProperty("retain", retain);
        return m;
    }

    static String text(JsonObject o, String key) {
        return o.has(key) && !o.get(key).isJsonNull() ? o.get(key).getAsString() : null;
    }

    static int number(JsonObject o, String key) {
        return o.has(key) ? o.get(key).getAsInt() : 0;
    }

    /** Trusts the CA of a PEM file. */
    static TrustManagerFactory trust(String file) {
        try (var in = new FileInputStream(file)) {
            var store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null);
            store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
            var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            return trust;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    static boolean flag(JsonObject o, String key) {
        return o.has(key) && o.get(key).getAsBoolean();
    }

    static byte[] bytes(JsonObject o, String key) {
        var s = text(o, key);
        return s == null ? null : Base64.getDecoder().decode(s);
    }

    static JsonArray array(JsonObject o, String key) {
        return o.has(key) ? o.getAsJsonArray(key) : new JsonArray();
    }
}
