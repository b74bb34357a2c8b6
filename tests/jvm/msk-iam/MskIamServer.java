import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.Provider;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.security.auth.callback.CallbackHandler;
import javax.security.sasl.SaslException;
import javax.security.sasl.SaslServer;
import javax.security.sasl.SaslServerFactory;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.security.auth.SecurityProviderCreator;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.signer.Aws4Signer;
import software.amazon.awssdk.auth.signer.params.Aws4PresignerParams;
import software.amazon.awssdk.http.SdkHttpFullRequest;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.regions.Region;

/**
 * The broker's side of SASL AWS_MSK_IAM, for Apache Kafka: signs the client's request again with the AWS SDK for
 * Java, as AWS's own client plug-in does it (AWS4SignedPayloadGenerator of aws-msk-iam-auth), and compares the signatures.
 *
 * <p>It knows two identities, in one region, by these properties: iam.region, iam.key, iam.secret, and for one with a
 * session token iam.session.key, iam.session.secret, iam.session.token.
 */
public final class MskIamServer implements SecurityProviderCreator {
  @Override
  public Provider getProvider() {
    return new MskIam();
  }

  /** Registers the mechanism. */
  public static final class MskIam extends Provider {
    public MskIam() {
      super("MskIam", "1", "the broker's side of AWS_MSK_IAM");
      put("SaslServerFactory." + Server.MECHANISM, Factory.class.getName());
    }
  }

  /** Creates servers. */
  public static final class Factory implements SaslServerFactory {
    @Override
    public SaslServer createSaslServer(
        String mechanism, String protocol, String server, Map<String, ?> properties, CallbackHandler handler) {
      return new Server();
    }

    @Override
    public String[] getMechanismNames(Map<String, ?> properties) {
      return new String[] {Server.MECHANISM};
    }
  }

  private static final class Server implements SaslServer {
    static final String MECHANISM = "AWS_MSK_IAM";
    private static final String VERSION = "2020_10_22";
    private static final Duration TOLERATED = Duration.ofMinutes(15);
    private static final DateTimeFormatter TIME =
        DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private String identity;

    @Override
    public byte[] evaluateResponse(byte[] payload) throws SaslException {
      try {
        identity = identityOf(new ObjectMapper().readTree(payload));
      } catch (Exception refused) {
        throw new SaslAuthenticationException("refused: " + refused.getMessage());
      }
      String answer = "{\"version\":\"" + VERSION + "\",\"request-id\":\"local\"}";
      return answer.getBytes(StandardCharsets.UTF_8);
    }

    private static String identityOf(JsonNode payload) {
      same(VERSION, text(payload, "version"), "version");
      same("kafka-cluster:Connect", text(payload, "action"), "action");
      same("AWS4-HMAC-SHA256", text(payload, "x-amz-algorithm"), "algorithm");
      same("host", text(payload, "x-amz-signedheaders"), "signed headers");
      // Java's clients resolve the host name of the address.
      if (!List.of("127.0.0.1", "localhost").contains(text(payload, "host"))) {
        throw new IllegalArgumentException("another host");
      }
      text(payload, "user-agent");
      Instant at = TIME.parse(text(payload, "x-amz-date"), Instant::from);
      if (Duration.between(at, Instant.now()).abs().compareTo(TOLERATED) > 0) {
        throw new IllegalArgumentException("signed too long ago, or in the future");
      }
      // <access key>/<date>/<region>/kafka-cluster/aws4_request
      String[] scope = text(payload, "x-amz-credential").split("/");
      if (scope.length != 5) {
        throw new IllegalArgumentException("credential scope");
      }
      String region = System.getProperty("iam.region");
      same(region, scope[2], "region");
      same("kafka-cluster", scope[3], "service");
      AwsCredentials known = knownAs(scope[0]);
      long expires = Long.parseLong(text(payload, "x-amz-expires"));
      SdkHttpFullRequest request = SdkHttpFullRequest.builder()
          .method(SdkHttpMethod.GET).protocol("https").host(text(payload, "host"))
          .appendRawQueryParameter("Action", text(payload, "action")).build();
      Aws4PresignerParams how = Aws4PresignerParams.builder()
          .awsCredentials(known).signingRegion(Region.of(region)).signingName("kafka-cluster")
          .expirationTime(at.plusSeconds(expires)).signingClockOverride(Clock.fixed(at, ZoneOffset.UTC)).build();
      Map<String, List<String>> ours = Aws4Signer.create().presign(request, how).rawQueryParameters();
      for (Map.Entry<String, List<String>> parameter : ours.entrySet()) {
        String name = parameter.getKey().toLowerCase(Locale.ROOT);
        same(parameter.getValue().get(0), text(payload, name), name);
      }
      // Version, host and user-agent besides the signed parameters, and nothing else.
      if (payload.size() != ours.size() + 3) {
        throw new IllegalArgumentException("fields that nobody knows");
      }
      return scope[0];
    }

    private static AwsCredentials knownAs(String key) {
      if (key.equals(System.getProperty("iam.key"))) {
        return AwsBasicCredentials.create(key, System.getProperty("iam.secret"));
      }
      same(System.getProperty("iam.session.key"), key, "access key");
      return AwsSessionCredentials.create(
          key, System.getProperty("iam.session.secret"), System.getProperty("iam.session.token"));
    }

    private static String text(JsonNode payload, String field) {
      JsonNode found = payload.get(field);
      if (found == null || !found.isTextual()) {
        throw new IllegalArgumentException("no " + field);
      }
      return found.asText();
    }

    private static void same(String expected, String found, String what) {
      byte[] left = expected.getBytes(StandardCharsets.UTF_8);
      if (!MessageDigest.isEqual(left, found.getBytes(StandardCharsets.UTF_8))) {
        throw new IllegalArgumentException("another " + what);
      }
    }

    @Override
    public String getMechanismName() {
      return MECHANISM;
    }

    @Override
    public boolean isComplete() {
      return identity != null;
    }

    @Override
    public String getAuthorizationID() {
      return identity;
    }

    @Override
    public byte[] unwrap(byte[] incoming, int offset, int length) {
      throw new IllegalStateException("no security layer");
    }

    @Override
    public byte[] wrap(byte[] outgoing, int offset, int length) {
      throw new IllegalStateException("no security layer");
    }

    @Override
    public Object getNegotiatedProperty(String name) {
      return null;
    }

    @Override
    public void dispose() {}
  }
}
