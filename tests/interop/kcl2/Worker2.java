// kcl2/Worker2.java: a worker of KCL 2.x that writes each delivered record into a ledger.
package tidemill.interop;

import java.net.URI;
import java.nio.file.Path;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.http.Protocol;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.exceptions.KinesisClientLibException;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.RecordProcessorCheckpointer;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

public final class Worker2 {
  // Bytes of the application's own beside a prepared checkpoint; no text, so that nobody takes them for one.
  private static final byte[] STATE = {0, 1, 2, (byte) 0xff};

  private Worker2() {}

  /** One shard: ledger first, then the checkpoint. */
  private static final class Processor implements ShardRecordProcessor {
    private final Ledger ledger;
    private final boolean onlyPrepares;
    private String shard;

    Processor(Ledger ledger, boolean onlyPrepares) {
      this.ledger = ledger;
      this.onlyPrepares = onlyPrepares;
    }

    @Override
    public void initialize(InitializationInput input) {
      shard = input.shardId();
    }

    @Override
    public void processRecords(ProcessRecordsInput input) {
      if (input.records().isEmpty()) return;
      Ledger.Batch batch = ledger.batch(shard);
      for (KinesisClientRecord record : input.records()) {
        batch.add(record.sequenceNumber(), record.subSequenceNumber(), record.data());
      }
      batch.write();
      try {
        if (onlyPrepares) {
          input.checkpointer().prepareCheckpoint(STATE);
        } else {
          input.checkpointer().checkpoint();
        }
      } catch (KinesisClientLibException e) {
        said("checkpoint", e);
      }
    }

    @Override
    public void leaseLost(LeaseLostInput input) {
      System.out.println("lost " + shard);
    }

    @Override
    public void shardEnded(ShardEndedInput input) {
      last(input.checkpointer(), "shard end");
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
      if (!onlyPrepares) last(input.checkpointer(), "shutdown");
    }

    private void last(RecordProcessorCheckpointer checkpointer, String why) {
      try {
        checkpointer.checkpoint();
      } catch (KinesisClientLibException e) {
        said(why, e);
      }
    }

    // A lease lost while the batch was handled is part of the game: the next owner delivers the batch again.
    private void said(String what, Exception e) {
      System.out.println("no checkpoint of " + shard + " at " + what + ": " + e);
    }
  }

  private static <B extends AwsClientBuilder<B, ?>> B at(B builder, String endpoint) {
    return builder.endpointOverride(URI.create(endpoint))
        .region(Region.US_EAST_1)
        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")));
  }

  private static NettyNioAsyncHttpClient.Builder http() {
    return NettyNioAsyncHttpClient.builder().protocol(Protocol.HTTP1_1);
  }

  public static void main(String[] words) throws Exception {
    Arguments arguments = new Arguments(words);
    String worker = arguments.text("worker");
    String stream = arguments.text("stream");
    Ledger ledger = new Ledger(worker, Path.of(arguments.text("ledger")));
    boolean onlyPrepares = arguments.onlyPrepares();

    KinesisAsyncClient kinesis =
        at(KinesisAsyncClient.builder(), arguments.text("kinesis")).httpClientBuilder(http()).build();
    DynamoDbAsyncClient dynamo =
        at(DynamoDbAsyncClient.builder(), arguments.text("dynamodb")).httpClientBuilder(http()).build();
    // Never called: metrics are off. The library wants one all the same.
    CloudWatchAsyncClient cloudWatch =
        at(CloudWatchAsyncClient.builder(), arguments.text("dynamodb")).httpClientBuilder(http()).build();

    InitialPositionInStreamExtended start =
        InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.TRIM_HORIZON);
    ConfigsBuilder configs = new ConfigsBuilder(new SingleStreamTracker(stream, start), arguments.text("application"),
        kinesis, dynamo, cloudWatch, worker, () -> new Processor(ledger, onlyPrepares));
    PollingConfig polling = new PollingConfig(stream, kinesis)
        .idleTimeBetweenReadsInMillis(arguments.number("idle-ms"))
        .maxRecords((int) arguments.number("max-records"));

    Scheduler scheduler = new Scheduler(
        configs.checkpointConfig(),
        configs.coordinatorConfig().parentShardPollIntervalMillis(500).shardConsumerDispatchPollIntervalMillis(200),
        configs.leaseManagementConfig()
            .failoverTimeMillis(arguments.number("failover-ms"))
            .shardSyncIntervalMillis(2000)
            .maxLeasesForWorker((int) arguments.number("max-leases")),
        configs.lifecycleConfig(),
        configs.metricsConfig().metricsFactory(new NullMetricsFactory()),
        configs.processorConfig(),
        configs.retrievalConfig().retrievalSpecificConfig(polling));

    GracefulEnd.onSignal(scheduler::startGracefulShutdown, scheduler::shutdown);
    System.out.println("started");
    scheduler.run();
  }
}
