import com.rabbitmq.client.ConnectionFactory;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.amqp.AmqpRejectAndDontRequeueException;
import org.springframework.amqp.core.BindingBuilder;
import org.springframework.amqp.core.QueueBuilder;
import org.springframework.amqp.core.TopicExchange;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.core.RabbitAdmin;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.adapter.MessageListenerAdapter;
import org.springframework.amqp.rabbit.transaction.RabbitTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** What a Spring AMQP application does, step by step; it prints a line for each step that worked. */
public final class Work {
    private static String prefix;

    public static void main(String[] args) throws Exception {
        prefix = System.getenv("QUEUE");
        var factory = new ConnectionFactory();
        factory.setUri(System.getenv("AMQP_URL"));
        var connections = new CachingConnectionFactory(factory);
        connections.setPublisherConfirmType(CachingConnectionFactory.ConfirmType.CORRELATED);
        connections.setPublisherReturns(true);
        var admin = new RabbitAdmin(connections);
        var template = new RabbitTemplate(connections);
        template.setMandatory(true);
        declare(admin);
        confirm(template);
        request(connections, template);
        deadLetter(connections, template);
        transaction(new CachingConnectionFactory(factory), admin);
        admin.deleteQueue(prefix + ".orders");
        System.out.println("done");
        System.exit(0);
    }

    static void declare(RabbitAdmin admin) {
        var exchange = new TopicExchange(prefix + ".events");
        var dead = QueueBuilder.durable(prefix + ".dead").build();
        var orders = QueueBuilder.durable(prefix + ".orders").deadLetterExchange("").deadLetterRoutingKey(prefix + ".dead").ttl(60000).maxLength(10000).build();
        admin.declareExchange(exchange);
        admin.declareQueue(dead);
        admin.declareQueue(orders);
        admin.declareQueue(QueueBuilder.durable(prefix + ".plain").quorum().build());
        admin.declareBinding(BindingBuilder.bind(orders).to(exchange).with("orders.#"));
        if (admin.getQueueInfo(prefix + ".orders").getMessageCount() != 0) {
            throw new IllegalStateException("a new queue is not empty");
        }
        System.out.println("declared");
    }

    static void confirm(RabbitTemplate template) throws Exception {
        var sent = new CorrelationData("1");
        template.convertAndSend("", prefix + ".plain", "confirmed", sent);
        if (!sent.getFuture().get(20, TimeUnit.SECONDS).isAck()) {
            throw new IllegalStateException("not confirmed");
        }
        var lost = new CorrelationData("2");
        template.convertAndSend(prefix + ".events", "nobody", "returned", lost);
        if (!lost.getFuture().get(20, TimeUnit.SECONDS).isAck() || lost.getReturned() == null || lost.getReturned().getReplyCode() != 312) {
            throw new IllegalStateException("not returned");
        }
        if (!"confirmed".equals(template.receiveAndConvert(prefix + ".plain", 20_000))) {
            throw new IllegalStateException("not received");
        }
        System.out.println("confirmed and returned");
    }

    /** A method that answers, asked by way of direct reply-to. */
    public String shout(String words) {
        return words.toUpperCase();
    }

    static void request(CachingConnectionFactory connections, RabbitTemplate template) {
        var server = new SimpleMessageListenerContainer(connections);
        server.setQueueNames(prefix + ".plain");
        server.setConcurrentConsumers(2);
        server.setMessageListener(new MessageListenerAdapter(new Work(), "shout"));
        server.start();
        template.setReplyTimeout(20_000);
        for (int i = 0; i < 100; i++) {
            if (!("HELLO " + i).equals(template.convertSendAndReceive("", prefix + ".plain", "hello " + i))) {
                throw new IllegalStateException("a wrong answer");
            }
        }
        server.stop();
        System.out.println("asked and answered");
    }

    static void deadLetter(CachingConnectionFactory connections, RabbitTemplate template) throws Exception {
        var handled = new AtomicInteger();
        var all = new CountDownLatch(20);
        var listener = new DirectMessageListenerContainer(connections);
        listener.setQueueNames(prefix + ".orders");
        listener.setPrefetchCount(5);
        listener.setMessageListener(m -> {
            all.countDown();
            if (handled.incrementAndGet() % 10 == 0) {
                throw new AmqpRejectAndDontRequeueException("every tenth");
            }
        });
        listener.start();
        for (int i = 0; i < 20; i++) {
            template.convertAndSend(prefix + ".events", "orders.new", "order " + i);
        }
        if (!all.await(20, TimeUnit.SECONDS)) {
            throw new IllegalStateException("not all came");
        }
        for (int i = 0; i < 2; i++) {
            var m = template.receive(prefix + ".dead", 20_000);
            var death = m.getMessageProperties().getXDeathHeader().get(0);
            if (!"rejected".equals(death.get("reason")) || !(prefix + ".orders").equals(death.get("queue"))) {
                throw new IllegalStateException("x-death: " + death);
            }
        }
        listener.stop();
        System.out.println("rejected and dead-lettered");
    }

    static void transaction(CachingConnectionFactory connections, RabbitAdmin admin) {
        var template = new RabbitTemplate(connections);
        template.setChannelTransacted(true);
        var tx = new TransactionTemplate(new RabbitTransactionManager(connections));
        for (var commit : new boolean[] {false, true}) {
            tx.executeWithoutResult(status -> {
                template.convertAndSend("", prefix + ".plain", "one");
                template.convertAndSend("", prefix + ".dead", "two");
                if (!commit) {
                    status.setRollbackOnly();
                }
            });
            for (var q : new String[] {".plain", ".dead"}) {
                if (admin.getQueueInfo(prefix + q).getMessageCount() != (commit ? 1 : 0)) {
                    throw new IllegalStateException(q + " after " + (commit ? "commit" : "rollback"));
                }
            }
        }
        System.out.println("committed");
    }
}
