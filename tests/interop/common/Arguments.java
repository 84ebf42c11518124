// common/Arguments.java: what a worker is told on its command line.
package tidemill.interop;

import java.util.HashMap;
import java.util.Map;

/** {@code --name value} pairs; a missing or unreadable one ends the program with a word. */
final class Arguments {
  private final Map<String, String> values = new HashMap<>();

  Arguments(String[] words) {
    if (words.length % 2 != 0) throw new IllegalArgumentException("options come as --name value");
    for (int i = 0; i < words.length; i += 2) {
      if (!words[i].startsWith("--")) throw new IllegalArgumentException("not an option: " + words[i]);
      values.put(words[i].substring(2), words[i + 1]);
    }
  }

  String text(String name) {
    String value = values.get(name);
    if (value == null) throw new IllegalArgumentException("--" + name + " is missing");
    return value;
  }

  long number(String name) {
    return Long.parseLong(text(name));
  }

  /** True for a worker that prepares one checkpoint a shard and never commits it: it leaves pending rows. */
  boolean onlyPrepares() {
    return Boolean.parseBoolean(values.getOrDefault("only-prepare", "false"));
  }
}
