import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.LongString;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Messages and tables to JSON, and back. */
class Messages {
    static String text(JsonObject o, String key) {
        return o.has(key) && !o.get(key).isJsonNull() ? o.get(key).getAsString() : null;
    }

    static boolean flag(JsonObject o, String key) {
        return o.has(key) && o.get(key).getAsBoolean();
    }

    static byte[] body(JsonObject m) {
        var s = text(m, "body");
        return s == null ? new byte[0] : Base64.getDecoder().decode(s);
    }

    static Map<String, Object> table(JsonElement e) {
        if (e == null || e.isJsonNull()) {
            return null;
        }
        var t = new HashMap<String, Object>();
        e.getAsJsonObject().entrySet().forEach(x -> t.put(x.getKey(), typed(x.getValue())));
        return t;
    }

    static Object typed(JsonElement e) {
        if (e.isJsonObject()) {
            return table(e);
        }
        if (e.isJsonArray()) {
            var list = new ArrayList<Object>();
            e.getAsJsonArray().forEach(x -> list.add(typed(x)));
            return list;
        }
        var p = e.getAsJsonPrimitive();
        return p.isBoolean() ? (Object) p.getAsBoolean() : p.isNumber() ? (Object) p.getAsLong() : p.getAsString();
    }

    static Object plain(Object v) {
        if (v instanceof LongString s) {
            return s.toString();
        }
        if (v instanceof Date d) {
            return d.getTime() / 1000;
        }
        if (v instanceof byte[] b) {
            return new String(b);
        }
        if (v instanceof List<?> l) {
            return l.stream().map(Messages::plain).toList();
        }
        if (v instanceof Map<?, ?> m) {
            var o = new HashMap<String, Object>();
            m.forEach((k, x) -> o.put(k.toString(), plain(x)));
            return o;
        }
        return v;
    }

    static AMQP.BasicProperties properties(JsonObject p) {
        var b = new AMQP.BasicProperties.Builder().contentType(text(p, "contentType")).contentEncoding(text(p, "encoding"))
            .headers(table(p.get("headers"))).correlationId(text(p, "correlation")).replyTo(text(p, "replyTo")).expiration(text(p, "expiration"))
            .messageId(text(p, "messageId")).type(text(p, "type")).userId(text(p, "userId")).appId(text(p, "appId"));
        if (p.has("mode")) {
            b.deliveryMode(p.get("mode").getAsInt());
        }
        if (p.has("priority")) {
            b.priority(p.get("priority").getAsInt());
        }
        if (p.has("timestamp")) {
            b.timestamp(new Date(p.get("timestamp").getAsLong() * 1000));
        }
        return b.build();
    }

    static JsonObject message(Envelope e, AMQP.BasicProperties p, byte[] body) {
        var m = new JsonObject();
        m.addProperty("body", Base64.getEncoder().encodeToString(body));
        m.addProperty("exchange", e.getExchange());
        m.addProperty("key", e.getRoutingKey());
        m.addProperty("redelivered", e.isRedeliver());
        m.addProperty("tag", e.getDeliveryTag());
        var props = new HashMap<String, Object>();
        put(props, "contentType", p.getContentType());
        put(props, "encoding", p.getContentEncoding());
        put(props, "headers", p.getHeaders());
        put(props, "mode", p.getDeliveryMode());
        put(props, "priority", p.getPriority());
        put(props, "correlation", p.getCorrelationId());
        put(props, "replyTo", p.getReplyTo());
        put(props, "expiration", p.getExpiration());
        put(props, "messageId", p.getMessageId());
        put(props, "timestamp", p.getTimestamp());
        put(props, "type", p.getType());
        put(props, "userId", p.getUserId());
        put(props, "appId", p.getAppId());
        m.add("props", new Gson().toJsonTree(props));
        return m;
    }

    private static void put(Map<String, Object> to, String key, Object v) {
        if (v != null) {
            to.put(key, plain(v));
        }
    }
}
