// common/Ledger.java: the file that says what was delivered, read by the harness after the worker is gone.
package tidemill.interop;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * One line a record: {@code worker shard sequenceNumber subSequence millis text}, where millis is the wall clock when
 * the library handed the batch over. A batch is one write, made before its checkpoint: what a killed worker has
 * checkpointed is therefore in the file, and a record that is not in it will be delivered again. Thread safe.
 */
final class Ledger {
  private final String worker;
  private final FileChannel file;

  Ledger(String worker, Path path) throws IOException {
    this.worker = worker;
    this.file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  /** The lines of one batch, before they are written. */
  final class Batch {
    private final String shard;
    private final long millis = System.currentTimeMillis();
    private final StringBuilder lines = new StringBuilder();

    private Batch(String shard) {
      this.shard = shard;
    }

    void add(String sequenceNumber, long subSequence, ByteBuffer data) {
      String text = StandardCharsets.US_ASCII.decode(data.duplicate()).toString();
      lines.append(worker).append(' ').append(shard).append(' ').append(sequenceNumber).append(' ');
      lines.append(subSequence).append(' ').append(millis).append(' ').append(text).append('\n');
    }

    void write() {
      ByteBuffer bytes = ByteBuffer.wrap(lines.toString().getBytes(StandardCharsets.US_ASCII));
      try {
        synchronized (file) {
          while (bytes.hasRemaining()) file.write(bytes);
        }
      } catch (IOException e) {
        // The libraries go on after an exception of the handler, and would checkpoint over the hole.
        e.printStackTrace();
        Runtime.getRuntime().halt(3);
      }
    }
  }

  Batch batch(String shard) {
    return new Batch(shard);
  }
}
