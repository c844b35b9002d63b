import com.google.gson.JsonObject;
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** One connection and its channels. */
class Link {
    final String name;
    Connection conn;
    final Map<String, Channel> channels = new ConcurrentHashMap<>();
    final Set<String> confirms = ConcurrentHashMap.newKeySet();

    Link(String name) {
        this.name = name;
    }

    JsonObject run(JsonObject r) throws Exception {
        var a = new JsonObject();
        switch (Messages.text(r, "op")) {
            case "connect" -> connect(r);
            case "close" -> conn.close();
            case "channel" -> open(r, Messages.text(r, "ch"));
            default -> operate(channels.get(Messages.text(r, "ch")), r, a);
        }
        return a;
    }

    void event(String ch, String kind, JsonObject more) {
        more.addProperty("c", name);
        if (ch != null) {
            more.addProperty("ch", ch);
        }
        more.addProperty("event", kind);
        Driver.write(more);
    }

    static JsonObject with(String key, String value) {
        var o = new JsonObject();
        o.addProperty(key, value);
        return o;
    }

    void connect(JsonObject r) throws Exception {
        var f = new ConnectionFactory();
        f.setHost(Messages.text(r, "host"));
        f.setPort(r.get("port").getAsInt());
        f.setUsername(Messages.text(r, "user"));
        f.setPassword(Messages.text(r, "password"));
        f.setVirtualHost(Messages.text(r, "vhost"));
        f.setAutomaticRecoveryEnabled(false);
        conn = f.newConnection();
        conn.addBlockedListener(why -> event(null, "blocked", with("text", why)), () -> event(null, "unblocked", new JsonObject()));
        conn.addShutdownListener(s -> {
            var more = with("text", Driver.reason(s));
            more.addProperty("code", Driver.code(s));
            event(null, "closed", more);
        });
    }

    void open(JsonObject r, String ch) throws Exception {
        var c = conn.createChannel();
        c.addReturnListener((code, text, exchange, key, props, body) -> {
            var more = with("text", text);
            more.addProperty("code", code);
            more.add("message", Messages.message(new Envelope(0, false, exchange, key), props, body));
            event(ch, "returned", more);
        });
        c.addShutdownListener(s -> {
            if (!s.isHardError() && !s.isInitiatedByApplication()) {
                var more = with("text", Driver.reason(s));
                more.addProperty("code", Driver.code(s));
                event(ch, "closed", more);
            }
        });
        channels.put(ch, c);
        if (Messages.flag(r, "confirm")) {
            confirms.add(ch);
            c.confirmSelect();
        }
    }

    void operate(Channel c, JsonObject r, JsonObject a) throws Exception {
        var n = Messages.text(r, "name");
        var args = Messages.table(r.get("args"));
        var tag = r.has("tag") ? r.get("tag").getAsLong() : 0;
        switch (Messages.text(r, "op")) {
            case "closeChannel" -> c.close();
            case "exchange" -> {
                if (Messages.flag(r, "passive")) {
                    c.exchangeDeclarePassive(n);
                } else {
                    c.exchangeDeclare(n, Messages.text(r, "kind"), Messages.flag(r, "durable"), Messages.flag(r, "autoDelete"), Messages.flag(r, "internal"), args);
                }
            }
            case "deleteExchange" -> c.exchangeDelete(n, Messages.flag(r, "ifUnused"));
            case "bindExchange" -> c.exchangeBind(n, Messages.text(r, "source"), Messages.text(r, "key"), args);
            case "queue" -> {
                var q = Messages.flag(r, "passive") ? c.queueDeclarePassive(n)
                    : c.queueDeclare(n, Messages.flag(r, "durable"), Messages.flag(r, "exclusive"), Messages.flag(r, "autoDelete"), args);
                a.addProperty("name", q.getQueue());
                a.addProperty("messages", q.getMessageCount());
                a.addProperty("consumers", q.getConsumerCount());
            }
            case "deleteQueue" -> a.addProperty("messages", c.queueDelete(n, Messages.flag(r, "ifUnused"), Messages.flag(r, "ifEmpty")).getMessageCount());
            case "purge" -> a.addProperty("messages", c.queuePurge(n).getMessageCount());
            case "bind" -> c.queueBind(n, Messages.text(r, "exchange"), Messages.text(r, "key"), args);
            case "unbind" -> c.queueUnbind(n, Messages.text(r, "exchange"), Messages.text(r, "key"), args);
            case "publish" -> publish(c, r, a);
            case "get" -> {
                var m = c.basicGet(n, Messages.flag(r, "noAck"));
                if (m != null) {
                    a.add("message", Messages.message(m.getEnvelope(), m.getProps(), m.getBody()));
                    a.addProperty("messages", m.getMessageCount());
                }
            }
            case "consume" -> consume(c, r, args);
            case "cancel" -> c.basicCancel(Messages.text(r, "consumer"));
            case "ack" -> c.basicAck(tag, Messages.flag(r, "multiple"));
            case "nack" -> c.basicNack(tag, Messages.flag(r, "multiple"), Messages.flag(r, "requeue"));
            case "reject" -> c.basicReject(tag, Messages.flag(r, "requeue"));
            case "qos" -> c.basicQos(r.get("count").getAsInt(), Messages.flag(r, "global"));
            case "recover" -> c.basicRecover(Messages.flag(r, "requeue"));
            case "tx" -> c.txSelect();
            case "commit" -> c.txCommit();
            case "rollback" -> c.txRollback();
            default -> throw new IllegalArgumentException("there is no such op");
        }
    }

    void publish(Channel c, JsonObject r, JsonObject a) throws Exception {
        var m = r.getAsJsonObject("message");
        c.basicPublish(Messages.text(r, "exchange"), Messages.text(r, "key"), Messages.flag(r, "mandatory"), Messages.properties(m.getAsJsonObject("props")), Messages.body(m));
        if (confirms.contains(Messages.text(r, "ch"))) {
            a.addProperty("ack", c.waitForConfirms(30_000));
        }
    }

    void consume(Channel c, JsonObject r, Map<String, Object> args) throws Exception {
        var ch = Messages.text(r, "ch");
        c.basicConsume(Messages.text(r, "name"), Messages.flag(r, "noAck"), Messages.text(r, "consumer"), false, Messages.flag(r, "exclusive"), args, new DefaultConsumer(c) {
            @Override
            public void handleDelivery(String tag, Envelope e, AMQP.BasicProperties p, byte[] body) {
                var more = with("consumer", tag);
                more.add("message", Messages.message(e, p, body));
                event(ch, "delivery", more);
            }

            @Override
            public void handleCancel(String tag) {
                event(ch, "cancelled", with("consumer", tag));
            }
        });
    }
}
