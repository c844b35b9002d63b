import com.amazon.sqs.javamessaging.ProviderConfiguration;
import com.amazon.sqs.javamessaging.SQSConnectionFactory;
import jakarta.jms.Connection;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.Session;
import jakarta.jms.TextMessage;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import software.amazon.awssdk.protocols.jsoncore.JsonWriter;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sqs.SqsClient;

/**
 * A JMS listener on amazon-sqs-java-messaging-lib that writes a JSON line of each message; it throws at the
 * first delivery of "again".
 */
public final class Listener {
    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    public static void main(String[] args) throws Exception {
        SqsClient sqs = SqsClient.builder().endpointOverride(URI.create(System.getenv("AWS_ENDPOINT_URL")))
                .region(Region.of(System.getenv("AWS_REGION"))).build();
        Connection connection = new SQSConnectionFactory(new ProviderConfiguration(), sqs).createConnection();
        Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
        session.createConsumer(session.createQueue(System.getenv("QUEUE"))).setMessageListener(Listener::handle);
        connection.start();
        System.in.readAllBytes();
        System.exit(0); // close() would wait for the end of a long poll
    }

    private static void handle(Message message) {
        try {
            String words = ((TextMessage) message).getText();
            int count = message.getIntProperty("JMSXDeliveryCount");
            JsonWriter w = JsonWriter.create();
            w.writeStartObject();
            w.writeFieldName("words").writeValue(words);
            w.writeFieldName("retries").writeValue(count - 1);
            w.writeEndObject();
            OUT.println(new String(w.getBytes(), StandardCharsets.UTF_8));
            if (words.equals("again") && count == 1) {
                throw new IllegalStateException("once more");
            }
        } catch (JMSException e) {
            throw new IllegalStateException(e);
        }
    }
}
