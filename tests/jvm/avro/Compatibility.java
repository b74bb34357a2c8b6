import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;

/** For each line {"writer", "reader"}: prints whether Java can read the writer's data, and if not, where and why. */
public class Compatibility {
  public static void main(String[] arguments) throws Exception {
    ObjectMapper mapper = new ObjectMapper();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonNode pair = mapper.readTree(line);
      ObjectNode answer = mapper.createObjectNode();
      try {
        Schema writer = new Schema.Parser().parse(pair.get("writer").toString());
        Schema reader = new Schema.Parser().parse(pair.get("reader").toString());
        SchemaCompatibility.SchemaCompatibilityResult result =
            SchemaCompatibility.checkReaderWriterCompatibility(reader, writer).getResult();
        answer.put("verdict", result.getCompatibility().name());
        for (SchemaCompatibility.Incompatibility why : result.getIncompatibilities()) {
          answer.withArray("why").add(why.getType() + " at " + why.getLocation() + ": " + why.getMessage());
        }
      } catch (RuntimeException invalid) {
        // A schema that Java's parser refuses.
        answer.put("verdict", "INVALID");
        answer.withArray("why").add(String.valueOf(invalid.getMessage()));
      }
      System.out.println(mapper.writeValueAsString(answer));
    }
  }
}
