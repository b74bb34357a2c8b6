import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialAlteration;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Runs Kafka's own clients, for comparison with ours.
 *
 * <pre>
 * create BOOTSTRAP PARTITIONS TOPIC [NAME=VALUE...]
 *                                        creates a topic with settings; prints "created" once the broker has it
 * read BOOTSTRAP TOPIC [SCHEMA_FILE]     prints every record up to the current end as a line of JSON; also decodes the value with Java's
 *                                        Avro if a schema is given (after Confluent's frame)
 * allow BOOTSTRAP USER TOPIC OPERATION...
 *                                        allows a user operations on a topic; prints "allowed"
 * password BOOTSTRAP USER PASSWORD       sets a user's password for SCRAM-SHA-512
 * place BOOTSTRAP TOPIC KEY...           sends a record for each key and prints the partition that Java's producer chose
 * expire BOOTSTRAP TOPIC TIMESTAMP       sends a record of that time and prints "deleted" once the broker has deleted it
 * </pre>
 */
public final class Peer {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] arguments) throws Exception {
    List<String> rest = List.of(arguments).subList(2, arguments.length);
    switch (arguments[0]) {
      case "create" -> create(arguments[1], rest);
      case "allow" -> allow(arguments[1], rest);
      case "password" -> password(arguments[1], rest);
      case "read" -> read(arguments[1], rest);
      case "place" -> place(arguments[1], rest);
      case "expire" -> expire(arguments[1], rest);
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static void create(String bootstrap, List<String> arguments) throws Exception {
    int partitions = Integer.parseInt(arguments.get(0));
    String topic = arguments.get(1);
    Map<String, String> settings = arguments.stream().skip(2).map(setting -> setting.split("=", 2))
        .collect(Collectors.toMap(setting -> setting[0], setting -> setting[1]));
    try (Admin admin = Admin.create(properties(bootstrap))) {
      admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(settings))).all().get();
      awaitKnown(admin, List.of(topic));
    }
    System.out.println("created");
  }

  /** The controller has the topic at once; the broker learns of it a moment later. */
  private static void awaitKnown(Admin admin, List<String> topics) throws Exception {
    while (true) {
      try {
        admin.describeTopics(topics).allTopicNames().get();
        return;
      } catch (ExecutionException notYet) {
        if (!(notYet.getCause() instanceof UnknownTopicOrPartitionException)) {
          throw notYet;
        }
      }
    }
  }

  private static void allow(String bootstrap, List<String> arguments) throws Exception {
    ResourcePattern topic = new ResourcePattern(ResourceType.TOPIC, arguments.get(1), PatternType.LITERAL);
    String user = "User:" + arguments.get(0);
    List<AclBinding> allowed = arguments.stream().skip(2).map(AclOperation::valueOf)
        .map(operation -> new AccessControlEntry(user, "*", operation, AclPermissionType.ALLOW))
        .map(entry -> new AclBinding(topic, entry)).collect(Collectors.toList());
    try (Admin admin = Admin.create(properties(bootstrap))) {
      admin.createAcls(allowed).all().get();
    }
    System.out.println("allowed");
  }

  private static void password(String bootstrap, List<String> arguments) throws Exception {
    ScramCredentialInfo how = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096);
    try (Admin admin = Admin.create(properties(bootstrap))) {
      UserScramCredentialAlteration set = new UserScramCredentialUpsertion(arguments.get(0), how, arguments.get(1));
      admin.alterUserScramCredentials(List.of(set)).all().get();
    }
    System.out.println("set");
  }

  private static void read(String bootstrap, List<String> arguments) throws Exception {
    String topic = arguments.get(0);
    Schema schema = arguments.size() > 1 ? new Schema.Parser().parse(new File(arguments.get(1))) : null;
    ByteArrayDeserializer bytes = new ByteArrayDeserializer();
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties(bootstrap), bytes, bytes)) {
      List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
          .map(partition -> new TopicPartition(topic, partition.partition())).collect(Collectors.toList());
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          System.out.println(JSON.writeValueAsString(line(record, schema)));
        }
      }
    }
  }

  private static ObjectNode line(ConsumerRecord<byte[], byte[]> record, Schema schema) throws Exception {
    ObjectNode line = JSON.createObjectNode();
    line.put("partition", record.partition()).put("offset", record.offset()).put("timestamp", record.timestamp());
    line.put("key", base64(record.key())).put("value", base64(record.value()));
    ArrayNode headers = line.putArray("headers");
    for (Header header : record.headers()) {
      headers.addArray().add(header.key()).add(base64(header.value()));
    }
    if (schema != null && record.value() != null) {
      byte[] framed = record.value();
      BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(framed, 5, framed.length - 5, null);
      Object datum = new GenericDatumReader<Object>(schema).read(null, decoder);
      if (!decoder.isEnd()) {
        throw new IllegalStateException("bytes are left after the datum");
      }
      line.set("decoded", JSON.readTree(datum.toString()));
    }
    return line;
  }

  private static void place(String bootstrap, List<String> arguments) throws Exception {
    ByteArraySerializer bytes = new ByteArraySerializer();
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(properties(bootstrap), bytes, bytes)) {
      Map<String, Integer> places = new HashMap<>();
      for (String key : arguments.subList(1, arguments.size())) {
        byte[] encoded = key.getBytes(StandardCharsets.UTF_8);
        places.put(key, producer.send(new ProducerRecord<>(arguments.get(0), encoded, null)).get().partition());
      }
      System.out.println(JSON.writeValueAsString(places));
    }
  }

  private static void expire(String bootstrap, List<String> arguments) throws Exception {
    TopicPartition first = new TopicPartition(arguments.get(0), 0);
    ByteArraySerializer bytes = new ByteArraySerializer();
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(properties(bootstrap), bytes, bytes)) {
      byte[] value = "old".getBytes(StandardCharsets.UTF_8);
      producer.send(new ProducerRecord<>(first.topic(), 0, Long.parseLong(arguments.get(1)), null, value)).get();
    }
    try (Admin admin = Admin.create(properties(bootstrap))) {
      while (admin.listOffsets(Map.of(first, OffsetSpec.earliest())).partitionResult(first).get().offset() == 0) {
        Thread.sleep(100);
      }
    }
    System.out.println("deleted");
  }

  private static String base64(byte[] bytes) {
    return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
  }

  private static Properties properties(String bootstrap) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", bootstrap);
    properties.put("linger.ms", "0");
    return properties;
  }
}
