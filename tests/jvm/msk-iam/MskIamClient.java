import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;

/**
 * Signs in to a cluster as AWS documents it for Amazon MSK, with the credentials of the environment. Arguments:
 * {@code BOOTSTRAP AUTHORITY_FILE}.
 */
public final class MskIamClient {
  public static void main(String[] arguments) throws Exception {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", arguments[0]);
    properties.put("security.protocol", "SASL_SSL");
    properties.put("sasl.mechanism", "AWS_MSK_IAM");
    properties.put("sasl.jaas.config", "software.amazon.msk.auth.iam.IAMLoginModule required;");
    properties.put(
        "sasl.client.callback.handler.class", "software.amazon.msk.auth.iam.IAMClientCallbackHandler");
    properties.put("ssl.truststore.type", "PEM");
    properties.put("ssl.truststore.certificates", Files.readString(Path.of(arguments[1])));
    try (Admin admin = Admin.create(properties)) {
      admin.describeCluster().clusterId().get();
    } catch (ExecutionException refused) {
      System.err.println(refused.getCause().getMessage());
      System.exit(1);
    }
    System.out.println("connected");
  }
}
