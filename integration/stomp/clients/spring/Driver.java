import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.lang.reflect.Type;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.springframework.messaging.MessageDeliveryException;
import org.springframework.messaging.converter.ByteArrayMessageConverter;
import org.springframework.messaging.simp.stomp.ReactorNettyTcpStompClient;
import org.springframework.messaging.simp.stomp.StompClientSupport;
import org.springframework.messaging.simp.stomp.StompCommand;
import org.springframework.messaging.simp.stomp.StompHeaders;
import org.springframework.messaging.simp.stomp.StompReactorNettyCodec;
import org.springframework.messaging.simp.stomp.StompSession;
import org.springframework.messaging.simp.stomp.StompSessionHandlerAdapter;
import org.springframework.messaging.tcp.reactor.ReactorNettyTcpClient;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.web.socket.WebSocketHttpHeaders;
import org.springframework.web.socket.client.standard.StandardWebSocketClient;
import org.springframework.web.socket.messaging.WebSocketStompClient;

/** Drives Spring's STOMP clients by lines; integration/stomp/doc.go has the protocol. */
public class Driver {
  static final long PATIENCE = 30;
  static final Gson gson = new Gson();
  static final Map<String, Connection> connections = new ConcurrentHashMap<>();
  static final ThreadPoolTaskScheduler scheduler = new ThreadPoolTaskScheduler();

  static class Request {
    int n, port, send, receive, m;
    String op, c, transport, host, ca, user, password, version, id, destination, ack, body, transaction;
    Map<String, String> headers;
    boolean receipt;
  }

  static synchronized void write(Object line) {
    System.out.println(gson.toJson(line));
    System.out.flush();
  }

  static class Connection extends StompSessionHandlerAdapter {
    final String name;
    final CompletableFuture<StompHeaders> hello = new CompletableFuture<>();
    final List<StompHeaders> messages = new ArrayList<>();
    final Map<String, StompSession.Subscription> subs = new ConcurrentHashMap<>();
    volatile StompSession session;
    volatile String failure;

    Connection(String name) {
      this.name = name;
    }

    @Override
    public void afterConnected(StompSession session, StompHeaders headers) {
      this.session = session;
      hello.complete(headers);
    }

    @Override
    public Type getPayloadType(StompHeaders headers) {
      return byte[].class;
    }

    @Override
    public void handleFrame(StompHeaders headers, Object payload) { // ERROR
      failure = headers.getFirst("message");
      hello.completeExceptionally(new IllegalStateException(failure));
    }

    @Override
    public void handleException(StompSession s, StompCommand c, StompHeaders h, byte[] p, Throwable e) {
      failure = String.valueOf(e);
    }

    @Override
    public void handleTransportError(StompSession session, Throwable e) {
      hello.completeExceptionally(e);
      JsonObject line = new JsonObject();
      line.addProperty("c", name);
      line.addProperty("closed", true);
      if (failure != null) {
        line.addProperty("failure", failure);
      }
      write(line);
    }

    StompHeaders headers(Request r) {
      StompHeaders h = new StompHeaders();
      if (r.headers != null) {
        r.headers.forEach(h::set);
      }
      return h;
    }

    void connect(Request r) throws Exception {
      StompHeaders h = headers(r);
      h.setLogin(r.user);
      h.setPasscode(r.password);
      h.setAcceptVersion(r.version);
      h.setHost("/");
      h.setHeartbeat(new long[] {r.send, r.receive});
      if (r.transport.startsWith("ws")) {
        StandardWebSocketClient web = new StandardWebSocketClient();
        if (r.ca != null) {
          web.setSslContext(ssl(r.ca));
        }
        WebSocketStompClient client = new WebSocketStompClient(web);
        client.setInboundMessageSizeLimit(4 << 20);
        prepare(client, r);
        client.connectAsync(URI.create(r.transport + "://" + r.host + ":" + r.port + "/stomp"), new WebSocketHttpHeaders(), h, this);
      } else {
        io.netty.handler.ssl.SslContext tls = r.transport.equals("tls")
            ? io.netty.handler.ssl.SslContextBuilder.forClient().trustManager(new File(r.ca)).build() : null;
        ReactorNettyTcpClient<byte[]> tcp = new ReactorNettyTcpClient<>(t -> {
          t = t.host(r.host).port(r.port);
          return tls == null ? t : t.secure(s -> s.sslContext(tls));
        }, new StompReactorNettyCodec());
        ReactorNettyTcpStompClient client = new ReactorNettyTcpStompClient(tcp);
        prepare(client, r);
        client.connectAsync(h, this);
      }
      hello.get(PATIENCE, TimeUnit.SECONDS);
    }

    void prepare(StompClientSupport client, Request r) {
      ByteArrayMessageConverter bytes = new ByteArrayMessageConverter();
      bytes.setContentTypeResolver(null); // whatever it is
      client.setMessageConverter(bytes);
      client.setTaskScheduler(scheduler);
      client.setDefaultHeartbeat(new long[] {r.send, r.receive});
      client.setReceiptTimeLimit(PATIENCE * 1000);
    }

    /** Does what asks for a receipt, and waits for that. */
    void settled(StompSession.Receiptable receipt) throws Exception {
      CompletableFuture<Void> done = new CompletableFuture<>();
      receipt.addReceiptTask(() -> done.complete(null));
      receipt.addReceiptLostTask(() -> done.completeExceptionally(new IllegalStateException("no receipt")));
      for (int i = 0; i < PATIENCE * 10; i++) {
        try {
          done.get(100, TimeUnit.MILLISECONDS);
          return;
        } catch (java.util.concurrent.TimeoutException e) {
          if (failure != null || !session.isConnected()) {
            throw new IllegalStateException(failure == null ? "the connection is over" : failure);
          }
        }
      }
      throw new IllegalStateException("no receipt in time");
    }

    int last = 0;

    synchronized String receipt() {
      return "d" + ++last;
    }

    void subscribe(Request r) throws Exception {
      StompHeaders h = headers(r);
      h.setId(r.id);
      h.setDestination(r.destination);
      h.setReceipt(receipt());
      if (r.ack != null) {
        h.setAck(r.ack);
      }
      StompSession.Subscription sub = session.subscribe(h, new StompSessionHandlerAdapter() {
        @Override
        public Type getPayloadType(StompHeaders headers) {
          return byte[].class;
        }

        @Override
        public void handleFrame(StompHeaders headers, Object payload) {
          received(headers, (byte[]) payload);
        }
      });
      subs.put(r.id, sub);
      settled(sub);
    }

    void received(StompHeaders headers, byte[] payload) {
      Map<String, Object> line = new LinkedHashMap<>();
      synchronized (messages) {
        messages.add(headers);
        line.put("m", messages.size());
      }
      line.put("c", name);
      line.put("headers", headers.toSingleValueMap());
      line.put("body", Base64.getEncoder().encodeToString(payload == null ? new byte[0] : payload));
      write(line);
    }

    void unsubscribe(Request r) {
      subs.get(r.id).unsubscribe(headers(r));
    }

    void send(Request r) throws Exception {
      StompHeaders h = headers(r);
      h.setDestination(r.destination);
      if (r.receipt) {
        h.setReceipt(receipt());
      }
      byte[] body = r.body == null ? new byte[0] : Base64.getDecoder().decode(r.body);
      StompSession.Receiptable receipt = session.send(h, body);
      if (r.receipt) {
        settled(receipt);
      }
    }

    void ack(Request r) throws Exception {
      StompHeaders h = new StompHeaders();
      StompHeaders m = messages.get(r.m - 1);
      h.setMessageId(m.getMessageId());
      h.setSubscription(m.getSubscription());
      h.setId(m.getAck());
      h.setReceipt(receipt());
      settled(session.acknowledge(h, r.op.equals("ack")));
    }

    void disconnect(Request r) {
      try {
        session.disconnect();
      } catch (MessageDeliveryException e) {
        // The broker was so fast that the library saw the end before its own send had returned.
      }
    }
  }

  static SSLContext ssl(String ca) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null);
    try (var in = new java.io.FileInputStream(ca)) {
      store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  static void answer(Request r) {
    JsonObject line = new JsonObject();
    line.addProperty("n", r.n);
    try {
      if (r.op.equals("connect")) {
        connections.put(r.c, new Connection(r.c));
      }
      Connection c = connections.get(r.c);
      switch (r.op) {
        case "connect" -> {
          c.connect(r);
          line.add("headers", gson.toJsonTree(c.hello.get().toSingleValueMap()));
        }
        case "subscribe" -> c.subscribe(r);
        case "unsubscribe" -> c.unsubscribe(r);
        case "send" -> c.send(r);
        case "ack", "nack" -> c.ack(r);
        case "disconnect" -> c.disconnect(r);
        default -> throw new IllegalArgumentException("no " + r.op);
      }
    } catch (Throwable e) {
      line.addProperty("error", String.valueOf(e));
    }
    write(line);
  }

  public static void main(String[] args) throws Exception {
    Logger.getLogger("").setLevel(Level.SEVERE);
    scheduler.setPoolSize(4);
    scheduler.setDaemon(true);
    scheduler.initialize();
    var pool = Executors.newCachedThreadPool();
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String text = in.readLine(); text != null; text = in.readLine()) {
      Request r = gson.fromJson(text, Request.class);
      pool.submit(() -> answer(r));
    }
    System.exit(0);
  }
}
