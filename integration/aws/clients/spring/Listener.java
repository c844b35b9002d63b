import com.fasterxml.jackson.databind.ObjectMapper;
import io.awspring.cloud.autoconfigure.core.AwsAutoConfiguration;
import io.awspring.cloud.autoconfigure.core.CredentialsProviderAutoConfiguration;
import io.awspring.cloud.autoconfigure.core.RegionProviderAutoConfiguration;
import io.awspring.cloud.autoconfigure.sns.SnsAutoConfiguration;
import io.awspring.cloud.autoconfigure.sqs.SqsAutoConfiguration;
import io.awspring.cloud.sns.core.SnsTemplate;
import io.awspring.cloud.sqs.annotation.SqsListener;
import io.awspring.cloud.sqs.operations.SqsTemplate;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.DefaultResourceLoader;
import org.springframework.messaging.handler.annotation.Header;

/**
 * A Spring application whose @SqsListener writes a JSON line of each message; it throws at the first delivery of
 * "again". The words that SqsTemplate is to send, and those that SnsTemplate is to publish, are in the environment.
 */
@Configuration
@ImportAutoConfiguration({CredentialsProviderAutoConfiguration.class, RegionProviderAutoConfiguration.class, AwsAutoConfiguration.class,
        SqsAutoConfiguration.class, SnsAutoConfiguration.class})
public class Listener {
    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    public static void main(String[] args) throws Exception {
        SpringApplication app = new SpringApplication(new DefaultResourceLoader(Listener.class.getClassLoader()), Listener.class);
        String[] flags = {
            "--spring.main.banner-mode=off", "--spring.main.web-application-type=none", "--logging.threshold.console=off",
            "--spring.cloud.aws.endpoint=" + System.getenv("AWS_ENDPOINT_URL"), "--spring.cloud.aws.region.static=" + System.getenv("AWS_REGION"),
            "--spring.cloud.aws.credentials.access-key=" + System.getenv("AWS_ACCESS_KEY_ID"),
            "--spring.cloud.aws.credentials.secret-key=" + System.getenv("AWS_SECRET_ACCESS_KEY"),
        };
        try (ConfigurableApplicationContext context = app.run(flags)) {
            context.getBean(SqsTemplate.class).send(System.getenv("QUEUE"), words("SEND"));
            context.getBean(SnsTemplate.class).sendNotification(System.getenv("TOPIC"), words("PUBLISH"), null);
            System.in.readAllBytes();
            System.exit(0); // close() would wait for the end of a long poll
        }
    }

    /** The environment's own encoding is the machine's: what is not ASCII comes in base64. */
    private static String words(String name) {
        return new String(Base64.getDecoder().decode(System.getenv(name)), StandardCharsets.UTF_8);
    }

    @SqsListener("${QUEUE}")
    void handle(String words, @Header("Sqs_Msa_ApproximateReceiveCount") String count) throws Exception {
        int retries = Integer.parseInt(count) - 1;
        OUT.println(new ObjectMapper().writeValueAsString(Map.of("words", words, "retries", retries)));
        if (words.equals("again") && retries == 0) {
            throw new IllegalStateException("once more");
        }
    }
}
