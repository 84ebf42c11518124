#include "tidemill/kinesis_utils.h"

#include <gtest/gtest.h>

#include "stream/context_core.h"
#include "stream/test_context.h"
#include "tidemill/kinesis_input_dstream.h"

namespace tidemill {
namespace {

// The ways to make a stream of Kinesis records.
class KinesisUtilsTest : public ContextFixture {
 protected:
  static const stream::KinesisSource& sourceIn(StreamingContext& context) {
    return detail::GraphAccess::core(context)->editableGraph().inputs.back();
  }
  KinesisInputDStream::Builder builder(StreamingContext& context) {
    return KinesisInputDStream::builder().streamingContext(context).streamName("orders").checkpointAppName(
        "app");
  }
  // What a stream gave until a graceful stop.
  template <class T>
  std::vector<T> received(StreamingContext& context, const DStream<T>& stream) {
    std::vector<T> seen;
    stream.foreachRDD([&seen](const RDD<T>& rdd) {
      for (T& one : rdd.collect()) seen.push_back(std::move(one));
    });
    context.start();
    world_.runFor(5s);
    EXPECT_TRUE(stopped(context));
    std::sort(seen.begin(), seen.end());
    return seen;
  }
};

TEST_F(KinesisUtilsTest, TheBuilderHasSparksDefaults) {
  auto context = makeContext();
  builder(*context).build();
  const stream::KinesisSource& source = sourceIn(*context);
  EXPECT_EQ(source.applicationName, "app");
  EXPECT_EQ(source.streamName, "orders");
  EXPECT_EQ(source.endpointUrl, "");
  EXPECT_EQ(source.regionName, "us-east-1");
  EXPECT_EQ(source.initialPosition.kind(), KinesisInitialPosition::Kind::kLatest);
  EXPECT_EQ(source.checkpointInterval, Seconds(1));  // The batch interval.
  EXPECT_EQ(source.storageLevel, StorageLevel::MEMORY_AND_DISK_2);
  EXPECT_FALSE(source.credentials);
  EXPECT_FALSE(source.dynamoDbCredentials);
  EXPECT_FALSE(source.cloudWatchCredentials);
  EXPECT_EQ(source.metricsLevel, MetricsLevel::DETAILED);
  EXPECT_EQ(source.metricsEnabledDimensions, (std::set<std::string>{"Operation", "ShardId"}));
}

TEST_F(KinesisUtilsTest, TheBuilderKeepsWhatItIsGiven) {
  auto context = makeContext();
  builder(*context)
      .endpointUrl("https://kinesis.eu-west-1.amazonaws.com")
      .initialPositionInStream(InitialPositionInStream::TRIM_HORIZON)
      .checkpointInterval(Seconds(7))
      .storageLevel(StorageLevel::MEMORY_ONLY)
      .kinesisCredentials(AwsCredentials("k", "1"))
      .dynamoDBCredentials(AwsCredentials("d", "2"))
      .cloudWatchCredentials(AwsCredentials("c", "3"))
      .metricsLevel(MetricsLevel::NONE)
      .metricsEnabledDimensions({"Operation"})
      .build();
  const stream::KinesisSource& source = sourceIn(*context);
  EXPECT_EQ(source.endpointUrl, "https://kinesis.eu-west-1.amazonaws.com");
  EXPECT_EQ(source.regionName, "");  // The url says it.
  EXPECT_EQ(source.initialPosition.kind(), KinesisInitialPosition::Kind::kTrimHorizon);
  EXPECT_EQ(source.checkpointInterval, Seconds(7));
  EXPECT_EQ(source.storageLevel, StorageLevel::MEMORY_ONLY);
  EXPECT_EQ(source.credentials->accessKeyId, "k");
  EXPECT_EQ(source.dynamoDbCredentials->accessKeyId, "d");
  EXPECT_EQ(source.cloudWatchCredentials->accessKeyId, "c");
  EXPECT_EQ(source.metricsLevel, MetricsLevel::NONE);
  EXPECT_EQ(source.metricsEnabledDimensions, std::set<std::string>{"Operation"});
  auto other = makeContext();
  builder(*other).regionName("eu-central-1").build();
  EXPECT_EQ(sourceIn(*other).regionName, "eu-central-1");
  EXPECT_EQ(sourceIn(*other).endpointUrl, "");
}

TEST_F(KinesisUtilsTest, TheBuildersDefaultEndpointLeavesTheWordToTheEnvironment) {
  static constexpr char kElsewhere[] = "kinesis.example.com";
  world_.net().serve(kElsewhere,
                     {.handle = [this](const http::Request& request,
                                       rt::WallTime now) { return aws_.handle(request, now).response; },
                      .throttled = {}});
  intercept_ = [](const http::Request& request) -> std::optional<http::Response> {
    ADD_FAILURE() << "asked " << request.url;
    return std::nullopt;
  };
  seams_->environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "AWS_ENDPOINT_URL") return std::string("https://") + kElsewhere;
    return sim::testEnvironment()(name);
  };
  auto context = makeContext();
  builder(*context).build().print();
  context->start();
  EXPECT_EQ(failureOf(*context), Code::kUnknownStream);  // It was asked, and holds no such stream.
}

TEST_F(KinesisUtilsTest, TheBuildersHandlerMakesTheElements) {
  createStream(1);
  put({"a", "bcd"});
  auto context = makeContext();
  const auto sizes = builder(*context)
                         .initialPosition(KinesisInitialPosition::TrimHorizon())
                         .buildWithMessageHandler([](const Record& record) { return record.text().size(); });
  EXPECT_EQ(received(*context, sizes), (std::vector<std::size_t>{1, 3}));
}

TEST_F(KinesisUtilsTest, TakesAHandlerAKeyPairOrBoth) {
  createStream(1);
  put({"a", "bcd"});
  seams_->environment = [](std::string_view) { return std::nullopt; };
  const auto sizeOf = [](const Record& record) { return record.text().size(); };
  auto withKeys = makeContext();
  const auto texts = KinesisUtils::createStream(*withKeys, "keys", "orders", kEndpoint, "us-east-1",
                                                InitialPositionInStream::TRIM_HORIZON, Seconds(1),
                                                StorageLevel::MEMORY_ONLY, "test", "test");
  EXPECT_EQ(received(*withKeys, texts), (std::vector<std::string>{"a", "bcd"}));
  auto withBoth = makeContext();
  const auto sizes = KinesisUtils::createStream(*withBoth, "both", "orders", kEndpoint, "us-east-1",
                                                InitialPositionInStream::TRIM_HORIZON, Seconds(1),
                                                StorageLevel::MEMORY_ONLY, sizeOf, "test", "test");
  EXPECT_EQ(received(*withBoth, sizes), (std::vector<std::size_t>{1, 3}));
  auto wrong = makeContext();
  KinesisUtils::createStream(*wrong, "wrong", "orders", kEndpoint, "us-east-1",
                             InitialPositionInStream::TRIM_HORIZON, Seconds(1), StorageLevel::MEMORY_ONLY,
                             sizeOf, "test", "not-the-secret")
      .print();
  wrong->start();
  EXPECT_EQ(failureOf(*wrong), Code::kInvalidSignature);
  EXPECT_EQ(wrong->awaitTermination().error().message().find("not-the-secret"), std::string::npos);
}

TEST_F(KinesisUtilsTest, PlainHttpToElsewhereNeedsASettingThatSaysSo) {
  createStream(1);
  put({"a"});
  for (const bool allowed : {false, true}) {
    Conf conf;
    conf.set("tidemill.kinesis.allowPlainHttp", allowed ? "true" : "false");
    StreamingContext context(*seams_, conf, Seconds(1));
    const auto texts = KinesisUtils::createStream(
        context, "app", "orders", "http://kinesis.us-east-1.amazonaws.com", "us-east-1",
        InitialPositionInStream::TRIM_HORIZON, Seconds(1), StorageLevel::MEMORY_ONLY);
    if (allowed) {
      EXPECT_EQ(received(context, texts), std::vector<std::string>{"a"});
    } else {
      texts.print();
      context.start();
      EXPECT_EQ(failureOf(context), Code::kInvalidConfig);
    }
  }
}

TEST_F(KinesisUtilsTest, AtTimestampGivesOnlyWhatArrivedLater) {
  createStream(1);
  put({"before"});
  world_.runFor(5s);
  const Time now = std::chrono::floor<std::chrono::milliseconds>(env().loop.wall());
  world_.runFor(5s);
  put({"after"});
  auto context = makeContext();
  const auto texts = builder(*context)
                         .endpointUrl(kEndpoint)
                         .initialPosition(KinesisInitialPosition::AtTimestamp(now))
                         .build();
  EXPECT_EQ(received(*context, texts), std::vector<std::string>{"after"});
}

TEST_F(KinesisUtilsTest, RefusesParametersByStreamAndValue) {
  auto context = makeContext();
  const auto refusal = [&](const std::string& application, const std::string& stream, Duration interval) {
    try {
      KinesisUtils::createStream(*context, application, stream, "", "us-east-1",
                                 InitialPositionInStream::LATEST, interval, StorageLevel::MEMORY_ONLY);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::kInvalidConfig);
      EXPECT_FALSE(error.hint().empty());
      return error.message();
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refusal("app", "orders", Milliseconds(-5)), "stream orders: a checkpoint interval of -5 ms");
  EXPECT_EQ(refusal("app", "orders", Minutes(24 * 60) + Milliseconds(1)),
            "stream orders: a checkpoint interval of 86400001 ms");
  EXPECT_NE(refusal("app", "orders", Duration::max()), "accepted");
  EXPECT_EQ(refusal("", "orders", Seconds(1)), "stream orders: the application name is empty");
  EXPECT_EQ(refusal("app", "", Seconds(1)), "application app: the stream name is empty");
  EXPECT_EQ(refusal("app", "orders", Minutes(24 * 60)), "accepted");
}

TEST_F(KinesisUtilsTest, AnOutputMayAskForTheTimeOfTheBatch) {
  createStream(1);
  put({"a"});
  auto context = makeContext();
  std::vector<Time> times;
  lines(*context).foreachRDD([&](const RDD<std::string>& rdd, Time time) {
    if (!rdd.isEmpty()) times.push_back(time);
  });
  context->start();
  world_.runFor(5s);
  ASSERT_TRUE(stopped(*context));
  ASSERT_EQ(times.size(), 1u);
  EXPECT_EQ(times[0].time_since_epoch() % Seconds(1), Duration(0));
}

TEST_F(KinesisUtilsTest, PrintShowsTheFirstElementsOfABatchAndThatThereAreMore) {
  createStream(1);
  put({"x", "y", "z"});
  auto context = makeContext();
  const auto texts = lines(*context);
  texts.print(2);
  texts.map([](const std::string& text) { return std::pair(text, 1); }).print(1);
  testing::internal::CaptureStdout();
  context->start();
  world_.runFor(3s);
  EXPECT_TRUE(stopped(*context));
  const std::string printed = testing::internal::GetCapturedStdout();
  EXPECT_NE(printed.find(" ms\n-------------------------------------------\nx\ny\n...\n\n"),
            std::string::npos)
      << printed;
  EXPECT_NE(printed.find(" ms\n-------------------------------------------\n(x,1)\n...\n\n"),
            std::string::npos)
      << printed;
}

}  // namespace
}  // namespace tidemill
