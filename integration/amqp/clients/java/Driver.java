import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Drives amqp-client by lines; integration/amqp/doc.go has the protocol. */
public class Driver {
    static final Map<String, Link> links = new ConcurrentHashMap<>();
    static final Map<String, ExecutorService> turns = new HashMap<>(); // requests of a channel are answered in order

    public static void main(String[] args) throws Exception {
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String text; (text = in.readLine()) != null; ) {
            var r = JsonParser.parseString(text).getAsJsonObject();
            var key = Messages.text(r, "c") + " " + Messages.text(r, "ch");
            turns.computeIfAbsent(key, k -> Executors.newSingleThreadExecutor()).submit(() -> answer(r));
        }
        System.exit(0);
    }

    static void answer(JsonObject r) {
        var a = new JsonObject();
        try {
            a = links.computeIfAbsent(Messages.text(r, "c"), Link::new).run(r);
        } catch (Throwable e) {
            a.addProperty("error", e.toString());
            for (Throwable t = e; t != null; t = t.getCause()) {
                if (t instanceof ShutdownSignalException s) {
                    a.addProperty("error", s.getMessage());
                    a.addProperty("code", code(s));
                }
            }
        }
        a.addProperty("n", r.get("n").getAsInt());
        write(a);
    }

    /** The broker's reply code, 0 if it gave none. */
    static int code(ShutdownSignalException s) {
        if (s.getReason() instanceof AMQP.Channel.Close c) {
            return c.getReplyCode();
        }
        return s.getReason() instanceof AMQP.Connection.Close c ? c.getReplyCode() : 0;
    }

    static String reason(ShutdownSignalException s) {
        if (s.getReason() instanceof AMQP.Channel.Close c) {
            return c.getReplyText();
        }
        return s.getReason() instanceof AMQP.Connection.Close c ? c.getReplyText() : String.valueOf(s.getMessage());
    }

    static synchronized void write(JsonObject line) {
        System.out.println(line);
        System.out.flush();
    }
}
