import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.protocol.MarshallingType;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.core.traits.MapTrait;
import software.amazon.awssdk.protocols.jsoncore.JsonNode;
import software.amazon.awssdk.protocols.jsoncore.JsonWriter;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sns.SnsClient;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.utils.builder.SdkBuilder;

/**
 * Drives the AWS SDK for Java v2 by lines; integration/aws/doc.go has the protocol. The SDK's classes
 * describe their own members (SdkField), by which inputs are built and outputs read.
 */
public final class Driver {
    private static final Map<String, Object> CLIENTS = Map.of("sqs", configured(SqsClient.builder()), "sns", configured(SnsClient.builder()));

    private static <C> C configured(AwsClientBuilder<?, C> b) {
        b.endpointOverride(URI.create(System.getenv("AWS_ENDPOINT_URL")));
        b.region(Region.of(System.getenv("AWS_REGION")));
        b.overrideConfiguration(o -> o.retryStrategy(r -> r.maxAttempts(1)));
        return b.build();
    }

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        ExecutorService pool = Executors.newFixedThreadPool(4);
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Map<String, JsonNode> request = JsonNode.parser().parse(line).asObject();
            pool.submit(() -> {
                String answer = new String(serve(request), StandardCharsets.UTF_8);
                synchronized (out) {
                    out.println(answer);
                }
            });
        }
        pool.shutdown();
    }

    private static byte[] serve(Map<String, JsonNode> r) {
        JsonWriter w = JsonWriter.create();
        w.writeStartObject();
        w.writeFieldName("n").writeNumber(r.get("n").asNumber());
        try {
            Map<String, Object> out = call(r);
            w.writeFieldName("out");
            write(w, out);
        } catch (Throwable e) {
            refused(w, e instanceof InvocationTargetException i ? i.getCause() : e);
        }
        w.writeEndObject();
        return w.getBytes();
    }

    private static void refused(JsonWriter w, Throwable e) {
        w.writeFieldName("exception").writeValue(e.getClass().getSimpleName());
        if (e instanceof AwsServiceException a && a.awsErrorDetails() != null) {
            w.writeFieldName("error").writeValue(String.valueOf(a.awsErrorDetails().errorMessage()));
            w.writeFieldName("code").writeValue(String.valueOf(a.awsErrorDetails().errorCode()));
            w.writeFieldName("status").writeValue(a.statusCode());
        } else {
            w.writeFieldName("error").writeValue(e.toString());
        }
    }

    private static Map<String, Object> call(Map<String, JsonNode> r) throws Exception {
        Object client = CLIENTS.get(r.get("service").asString());
        String op = r.get("op").asString();
        boolean pages = r.containsKey("pages");
        String name = Character.toLowerCase(op.charAt(0)) + op.substring(1) + (pages ? "Paginator" : "");
        Class<?> api = client instanceof SqsClient ? SqsClient.class : SnsClient.class;
        Class<?> input = Class.forName(api.getPackageName() + ".model." + op + "Request");
        Method method = api.getMethod(name, input);
        Object result = method.invoke(client, build((SdkPojo) input.getMethod("builder").invoke(null), r.get("in").asObject()));
        if (!pages) {
            return read((SdkPojo) result);
        }
        Map<String, Object> all = new LinkedHashMap<>();
        for (Object page : (Iterable<?>) result) {
            read((SdkPojo) page).forEach((member, value) -> {
                if (value instanceof List<?> list) {
                    @SuppressWarnings("unchecked")
                    List<Object> before = (List<Object>) all.computeIfAbsent(member, k -> new ArrayList<>());
                    before.addAll(list);
                }
            });
        }
        return all;
    }

    /** Sets a builder's members and builds. */
    private static Object build(SdkPojo builder, Map<String, JsonNode> members) {
        Map<String, SdkField<?>> fields = new LinkedHashMap<>();
        builder.sdkFields().forEach(f -> fields.put(f.memberName(), f));
        builder.sdkFields().forEach(f -> fields.putIfAbsent(f.locationName(), f)); // the SDK gives a few members another name
        members.forEach((name, value) -> {
            SdkField<?> f = fields.get(name);
            if (f == null) {
                throw new IllegalArgumentException("no member " + name);
            }
            f.set(builder, value(f, value));
        });
        return ((SdkBuilder<?, ?>) builder).build();
    }

    private static Object value(SdkField<?> f, JsonNode v) {
        MarshallingType<?> type = f.marshallingType();
        if (type == MarshallingType.INTEGER) {
            return Integer.valueOf(v.asNumber());
        } else if (type == MarshallingType.LONG) {
            return Long.valueOf(v.asNumber());
        } else if (type == MarshallingType.BOOLEAN) {
            return v.asBoolean();
        } else if (type == MarshallingType.SDK_BYTES) {
            return SdkBytes.fromByteArray(java.util.Base64.getDecoder().decode(v.asString()));
        } else if (type == MarshallingType.LIST) {
            SdkField<?> member = f.getTrait(ListTrait.class).memberFieldInfo();
            List<Object> list = new ArrayList<>();
            v.asArray().forEach(e -> list.add(value(member, e)));
            return list;
        } else if (type == MarshallingType.MAP) {
            SdkField<?> member = f.getTrait(MapTrait.class).valueFieldInfo();
            Map<String, Object> map = new LinkedHashMap<>();
            v.asObject().forEach((k, e) -> map.put(k, value(member, e)));
            return map;
        } else if (type == MarshallingType.SDK_POJO) {
            return build(f.constructor().get(), v.asObject());
        }
        return v.asString();
    }

    /** What an object has, by the API's names; without lists and maps that the SDK made up. */
    private static Map<String, Object> read(SdkPojo pojo) {
        Map<String, Object> members = new LinkedHashMap<>();
        for (SdkField<?> f : pojo.sdkFields()) {
            Object v = f.getValueOrDefault(pojo);
            if (v != null && !(v instanceof software.amazon.awssdk.core.util.SdkAutoConstructList)
                    && !(v instanceof software.amazon.awssdk.core.util.SdkAutoConstructMap)) {
                members.put(f.memberName(), plain(v));
            }
        }
        return members;
    }

    private static Object plain(Object v) {
        if (v instanceof SdkPojo p) {
            return read(p);
        } else if (v instanceof List<?> list) {
            return list.stream().map(Driver::plain).toList();
        } else if (v instanceof Map<?, ?> map) {
            Map<String, Object> m = new LinkedHashMap<>();
            map.forEach((k, e) -> m.put(k.toString(), plain(e)));
            return m;
        } else if (v instanceof SdkBytes b) {
            return java.util.Base64.getEncoder().encodeToString(b.asByteArray());
        }
        return v instanceof Number || v instanceof Boolean ? v : v.toString();
    }

    private static void write(JsonWriter w, Object v) {
        if (v instanceof Map<?, ?> map) {
            w.writeStartObject();
            map.forEach((k, e) -> {
                w.writeFieldName(k.toString());
                write(w, e);
            });
            w.writeEndObject();
        } else if (v instanceof List<?> list) {
            w.writeStartArray();
            list.forEach(e -> write(w, e));
            w.writeEndArray();
        } else if (v instanceof Boolean b) {
            w.writeValue(b);
        } else if (v instanceof Number n) {
            w.writeNumber(n.toString());
        } else {
            w.writeValue(v.toString());
        }
    }
}
