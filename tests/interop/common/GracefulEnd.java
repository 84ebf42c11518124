// common/GracefulEnd.java: what SIGTERM does to a worker.
package tidemill.interop;

import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Asks the library for its graceful shutdown, and for the hard one if that takes too long; the exit code is 0 if the
 * worker came to its end, else 1.
 *
 * KCL 2.7.2 needs the second step: a worker that still holds the row of a finished shard waits in its graceful shutdown
 * for a consumer which is over, for ever. All others have been asked by then.
 */
final class GracefulEnd {
  private static final long GRACE_SECONDS = 6;
  private static final long PATIENCE_MILLIS = 20_000;

  private GracefulEnd() {}

  /** To be called by the thread that runs the worker. */
  static void onSignal(Supplier<? extends Future<Boolean>> graceful, Runnable hard) {
    Thread worker = Thread.currentThread();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      try {
        try {
          graceful.get().get(GRACE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
          System.out.println("the graceful shutdown does not end");
          hard.run();
        }
        worker.join(PATIENCE_MILLIS);
      } catch (Exception e) {
        e.printStackTrace();
      }
      boolean ended = !worker.isAlive();
      System.out.println(ended ? "stopped" : "not stopped");
      System.out.flush();
      Runtime.getRuntime().halt(ended ? 0 : 1);
    }));
  }
}
