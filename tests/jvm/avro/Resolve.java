import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericEnumSymbol;
import org.apache.avro.generic.GenericFixed;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/**
 * Runs schema resolution cases through Java's Avro: for each case of the given JSON files it prints a line
 * {"name", "value"}, {"name", "error"}, or {"name", "crash"} if the virtual machine itself failed.
 *
 * <p>Values are rendered as shared/tools/schema-tools/README.md says. Java's reader ignores bytes after
 * a datum; here its decoder is asked for them, because they are an error.
 */
public final class Resolve {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  public static void main(String[] files) throws Exception {
    ObjectMapper mapper = new ObjectMapper();
    for (String file : files) {
      for (JsonNode resolution : mapper.readTree(new File(file))) {
        ObjectNode line = JSON.objectNode().put("name", resolution.get("name").asText());
        try {
          line.set("value", decode(resolution));
        } catch (VirtualMachineError crash) {
          line.put("crash", crash.toString());
        } catch (Exception error) {
          line.put("error", error.toString());
        }
        System.out.println(mapper.writeValueAsString(line));
      }
    }
  }

  private static JsonNode decode(JsonNode resolution) throws Exception {
    String written = text(resolution, "writer");
    String read = text(resolution, "reader");
    Schema writer = new Schema.Parser().parse(written);
    Schema reader = new Schema.Parser().parse(read == null ? written : read);
    byte[] datum = HexFormat.of().parseHex(resolution.get("hex").asText().replaceAll("\\s", ""));
    BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(datum, null);
    Object value = new GenericDatumReader<>(writer, reader).read(null, decoder);
    if (!decoder.isEnd()) {
      throw new IllegalArgumentException("bytes are left after the datum");
    }
    return render(value);
  }

  /** A schema that is not plain JSON is given as text. */
  private static String text(JsonNode resolution, String schema) {
    JsonNode text = resolution.get(schema + "Text");
    JsonNode json = resolution.get(schema);
    return text != null ? text.asText() : json != null ? json.toString() : null;
  }

  private static JsonNode render(Object value) {
    if (value == null) {
      return JSON.nullNode();
    } else if (value instanceof Boolean b) {
      return JSON.booleanNode(b);
    } else if (value instanceof Integer n) {
      return JSON.numberNode(n.longValue());
    } else if (value instanceof Long n) {
      return JSON.numberNode(n);
    } else if (value instanceof Float x) {
      return number(x.doubleValue());
    } else if (value instanceof Double x) {
      return number(x);
    } else if (value instanceof ByteBuffer buffer) {
      byte[] bytes = new byte[buffer.remaining()];
      buffer.duplicate().get(bytes);
      return hex(bytes);
    } else if (value instanceof GenericFixed fixed) {
      return hex(fixed.bytes());
    } else if (value instanceof CharSequence || value instanceof GenericEnumSymbol<?>) {
      return JSON.textNode(value.toString());
    } else if (value instanceof Iterable<?> items) {
      var array = JSON.arrayNode();
      items.forEach(item -> array.add(render(item)));
      return array;
    } else if (value instanceof Map<?, ?> entries) {
      ObjectNode object = JSON.objectNode();
      entries.forEach((key, item) -> object.set(key.toString(), render(item)));
      return object;
    } else if (value instanceof IndexedRecord record) {
      ObjectNode object = JSON.objectNode();
      record.getSchema().getFields().forEach(field -> object.set(field.name(), render(record.get(field.pos()))));
      return object;
    }
    throw new IllegalStateException("no rendering for " + value.getClass());
  }

  private static JsonNode number(double x) {
    if (Double.isNaN(x) || Double.isInfinite(x)) {
      return JSON.objectNode().put("float", Double.toString(x));
    }
    return JSON.numberNode(x);
  }

  private static JsonNode hex(byte[] bytes) {
    return JSON.objectNode().put("bytes_hex", HexFormat.of().formatHex(bytes));
  }
}
