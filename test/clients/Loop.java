import java.util.concurrent.TimeUnit;

/** Writes one key after the other and prints which were confirmed by a replica. */
class Loop {
  static final long AT_MOST_S = 60;

  interface Write {
    /** Returns how many replicas have confirmed it. */
    long of(String key, String value) throws Exception;
  }

  static void writeAll(String[] args, Write write) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(AT_MOST_S);
    for (int number = 0; System.nanoTime() < end; number++) {
      try {
        long replicas = write.of(args[0] + number, String.valueOf(number));
        System.out.println(
            replicas >= 1
                ? "confirmed " + number
                : "refused " + number + " by " + replicas + " replicas");
      } catch (Exception error) {
        System.out.println("refused " + number + " " + error.toString().split("\n")[0]);
      }
      Thread.sleep(10);
    }
    System.exit(0);
  }
}
