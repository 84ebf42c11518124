// kcl1/Worker1.java: a worker of KCL 1.x that writes each delivered record into a ledger.
package tidemill.interop;

import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.dynamodbv2.AmazonDynamoDB;
import com.amazonaws.services.dynamodbv2.AmazonDynamoDBClientBuilder;
import com.amazonaws.services.kinesis.AmazonKinesis;
import com.amazonaws.services.kinesis.AmazonKinesisClientBuilder;
import com.amazonaws.services.kinesis.clientlibrary.exceptions.KinesisClientLibException;
import com.amazonaws.services.kinesis.clientlibrary.interfaces.IRecordProcessorCheckpointer;
import com.amazonaws.services.kinesis.clientlibrary.interfaces.v2.IRecordProcessor;
import com.amazonaws.services.kinesis.clientlibrary.interfaces.v2.IRecordProcessorFactory;
import com.amazonaws.services.kinesis.clientlibrary.interfaces.v2.IShutdownNotificationAware;
import com.amazonaws.services.kinesis.clientlibrary.lib.worker.InitialPositionInStream;
import com.amazonaws.services.kinesis.clientlibrary.lib.worker.KinesisClientLibConfiguration;
import com.amazonaws.services.kinesis.clientlibrary.lib.worker.ShutdownReason;
import com.amazonaws.services.kinesis.clientlibrary.lib.worker.Worker;
import com.amazonaws.services.kinesis.clientlibrary.types.InitializationInput;
import com.amazonaws.services.kinesis.clientlibrary.types.ProcessRecordsInput;
import com.amazonaws.services.kinesis.clientlibrary.types.ShutdownInput;
import com.amazonaws.services.kinesis.clientlibrary.types.UserRecord;
import com.amazonaws.services.kinesis.metrics.impl.NullMetricsFactory;
import com.amazonaws.services.kinesis.model.Record;
import java.nio.file.Path;

public final class Worker1 {
  private static final String REGION = "us-east-1";

  private Worker1() {}

  /** One shard: ledger first, then the checkpoint. */
  private static final class Processor implements IRecordProcessor, IShutdownNotificationAware {
    private final Ledger ledger;
    private final boolean onlyPrepares;
    private String shard;

    Processor(Ledger ledger, boolean onlyPrepares) {
      this.ledger = ledger;
      this.onlyPrepares = onlyPrepares;
    }

    @Override
    public void initialize(InitializationInput input) {
      shard = input.getShardId();
    }

    @Override
    public void processRecords(ProcessRecordsInput input) {
      if (input.getRecords().isEmpty()) return;
      Ledger.Batch batch = ledger.batch(shard);
      for (Record record : input.getRecords()) {
        long subSequence = record instanceof UserRecord ? ((UserRecord) record).getSubSequenceNumber() : 0;
        batch.add(record.getSequenceNumber(), subSequence, record.getData());
      }
      batch.write();
      try {
        if (onlyPrepares) {
          input.getCheckpointer().prepareCheckpoint();
        } else {
          input.getCheckpointer().checkpoint();
        }
      } catch (KinesisClientLibException e) {
        said("checkpoint", e);
      }
    }

    @Override
    public void shutdown(ShutdownInput input) {
      if (input.getShutdownReason() == ShutdownReason.TERMINATE) {
        last(input.getCheckpointer(), "shard end");
      } else {
        System.out.println("lost " + shard);
      }
    }

    @Override
    public void shutdownRequested(IRecordProcessorCheckpointer checkpointer) {
      if (!onlyPrepares) last(checkpointer, "shutdown");
    }

    private void last(IRecordProcessorCheckpointer checkpointer, String why) {
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

  public static void main(String[] words) throws Exception {
    Arguments arguments = new Arguments(words);
    String name = arguments.text("worker");
    Ledger ledger = new Ledger(name, Path.of(arguments.text("ledger")));
    boolean onlyPrepares = arguments.onlyPrepares();

    AWSCredentialsProvider credentials = new AWSStaticCredentialsProvider(new BasicAWSCredentials("test", "test"));
    AmazonKinesis kinesis = AmazonKinesisClientBuilder.standard()
        .withEndpointConfiguration(new EndpointConfiguration(arguments.text("kinesis"), REGION))
        .withCredentials(credentials)
        .build();
    AmazonDynamoDB dynamo = AmazonDynamoDBClientBuilder.standard()
        .withEndpointConfiguration(new EndpointConfiguration(arguments.text("dynamodb"), REGION))
        .withCredentials(credentials)
        .build();

    KinesisClientLibConfiguration configuration =
        new KinesisClientLibConfiguration(arguments.text("application"), arguments.text("stream"), credentials, name)
            .withRegionName(REGION)
            .withInitialPositionInStream(InitialPositionInStream.TRIM_HORIZON)
            .withFailoverTimeMillis(arguments.number("failover-ms"))
            .withShardSyncIntervalMillis(2000)
            .withParentShardPollIntervalMillis(500)
            .withMaxRecords((int) arguments.number("max-records"))
            .withIdleTimeBetweenReadsInMillis(arguments.number("idle-ms"))
            .withMaxLeasesForWorker((int) arguments.number("max-leases"));

    IRecordProcessorFactory processors = () -> new Processor(ledger, onlyPrepares);
    Worker worker = new Worker.Builder()
        .recordProcessorFactory(processors)
        .config(configuration)
        .kinesisClient(kinesis)
        .dynamoDBClient(dynamo)
        .metricsFactory(new NullMetricsFactory())
        .build();

    GracefulEnd.onSignal(worker::startGracefulShutdown, worker::shutdown);
    System.out.println("started");
    worker.run();
  }
}
